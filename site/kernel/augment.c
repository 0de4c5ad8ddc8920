/* Varied pictures to learn from: each is shifted, turned and scaled a little, in a new way each time, so that the network
   cannot learn it by heart. augment.h says what varies and how far; the same seed and place give the same picture.

   A pixel is the mean of the four around the point it shows, weighted by nearness. Points and weights have 8 bits after the
   binary point. */
#include "augment.h"
#include "primitives.h"

enum { MARGIN = 8, WIDTH = 48, HEIGHT = SIDE + 2 * MARGIN }; /* no point is further out than that */

/* A row of four pixels: two neighbours each, from `from` on. */
static inline v128_t pairs(const u8 *from, v128_t places) {
    v128_t four = wasm_u32x4_const_splat(0);
    four = wasm_v128_load16_lane(from + wasm_i32x4_extract_lane(places, 0), four, 0);
    four = wasm_v128_load16_lane(from + wasm_i32x4_extract_lane(places, 1), four, 2);
    four = wasm_v128_load16_lane(from + wasm_i32x4_extract_lane(places, 2), four, 4);
    return wasm_v128_load16_lane(from + wasm_i32x4_extract_lane(places, 3), four, 6);
}

/* left + (right - left) * share / 256, of neighbours as `pairs` has them; 256 times that. */
static inline v128_t between(v128_t neighbours, v128_t share) {
    v128_t left = wasm_v128_and(neighbours, wasm_i32x4_const_splat(0xff)), right = wasm_u32x4_shr(neighbours, 8);
    return wasm_i32x4_add(wasm_i32x4_shl(left, 8), wasm_i32x4_mul(wasm_i32x4_sub(right, left), share));
}

/* Four pixels from the points x, y (16 bits after the binary point). */
static inline v128_t four_pixels(const u8 *source, v128_t x, v128_t y) {
    v128_t places = wasm_i32x4_add(wasm_i32x4_mul(wasm_i32x4_shr(y, 16), wasm_i32x4_const_splat(WIDTH)), wasm_i32x4_shr(x, 16));
    v128_t low = wasm_i32x4_const_splat(0xff);
    v128_t across = wasm_v128_and(wasm_i32x4_shr(x, 8), low), down = wasm_v128_and(wasm_i32x4_shr(y, 8), low);
    v128_t upper = between(pairs(source, places), across), lower = between(pairs(source + WIDTH, places), across);
    v128_t sum = wasm_i32x4_add(wasm_i32x4_shl(upper, 8), wasm_i32x4_mul(wasm_i32x4_sub(lower, upper), down));
    return wasm_u32x4_shr(wasm_i32x4_add(sum, wasm_i32x4_const_splat(1 << 15)), 16);
}

static inline v128_t along(float step) {
    return wasm_i32x4_trunc_sat_f32x4(wasm_f32x4_make(0, 65536 * step, 131072 * step, 196608 * step));
}

static inline int fixed(float x) { return (int)(65536 * x); }

static void show(u8 *target, const u8 *source, View view) {
    v128_t across_x = along(view.xx), across_y = along(view.yx);
    int step_x = fixed(4 * view.xx), step_y = fixed(4 * view.yx);
    for (u32 row = 0; row < SIDE; row++) {
        v128_t x = wasm_i32x4_add(wasm_i32x4_splat(fixed(MARGIN + view.x0 + (float)row * view.xy)), across_x);
        v128_t y = wasm_i32x4_add(wasm_i32x4_splat(fixed(MARGIN + view.y0 + (float)row * view.yy)), across_y);
        ROLLED
        for (u32 column = 0; column < SIDE; column += 4, target += 4) {
            v128_t four = four_pixels(source, x, y);
            four = wasm_i16x8_narrow_i32x4(four, four);
            wasm_v128_store32_lane(target, wasm_u8x16_narrow_i16x8(four, four), 0);
            x = wasm_i32x4_add(x, wasm_i32x4_splat(step_x));
            y = wasm_i32x4_add(y, wasm_i32x4_splat(step_y));
        }
    }
}

/* Write B varied pictures to target (B, 784) u8. Picture b is row rows[first + b] of `images` (·, 784) u8, or first + b where
   `rows` is null, seen as `seed` and the place first + b will have it. */
EXPORT(augment)
void augment(u8 *target, const u8 *images, const u32 *rows, u32 first, u32 B, u32 seed) {
    u8 source[HEIGHT * WIDTH] = {0};
    for (u32 b = 0; b < B; b++, target += SIDE * SIDE) {
        const u8 *image = images + SIDE * SIDE * (rows ? rows[first + b] : first + b);
        ROLLED
        for (u32 row = 0; row < SIDE; row++, image += SIDE) {
            u8 *to = source + (row + MARGIN) * WIDTH + MARGIN;
            wasm_v128_store(to, wasm_v128_load(image));
            wasm_v128_store(to + 12, wasm_v128_load(image + 12));
        }
        show(target, source, draw_view(seed, first + b));
    }
}
