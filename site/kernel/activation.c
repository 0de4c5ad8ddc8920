/* The other activations of hidden layers than ReLU, and dropout: in place, each with what its gradient is multiplied by.

   `slope` has the shape of Y, or is null where nobody wants a gradient. Padding stays zero. */
#include "activation.h"

#include "conv.h"
#include "random.h"

/* Y = f(Y) and slope = f'(Y), of a row. */
static void activate_row(u32 kind, float *Y, float *slope, u32 count) {
    ROLLED for (u32 i = 0; i < count; i += 4) {
        v128_t used = wasm_i32x4_lt(wasm_i32x4_make(0, 1, 2, 3), wasm_i32x4_splat((int)count - (int)i));
        Activated a = activated(kind, load4(Y + i));
        store4(Y + i, wasm_v128_and(a.y, used));
        if (slope) store4(slope + i, wasm_v128_and(a.slope, used));
    }
}

/* For a dense layer: `features` of each row are used. Y, slope (B, stride). */
EXPORT(activate)
void activate(u32 kind, float *Y, float *slope, u32 B, u32 features, u32 stride) {
    for (u32 b = 0; b < B; b++) activate_row(kind, Y + b * stride, slope ? slope + b * stride : 0, features);
}

void pool_before(const f32x4 *a, float *target, u8 *which, u32 activation) {
    f32x4 best = a[0], value = activation == GELU ? gelu4(a[0]).y : a[0];
    v128_t at = wasm_i32x4_const_splat(0);
    ROLLED for (int k = 1; k < 4; k++) {
        f32x4 other = activation == GELU ? gelu4(a[k]).y : a[k];
        v128_t greater = wasm_f32x4_gt(other, value);
        best = wasm_v128_bitselect(a[k], best, greater);
        value = wasm_v128_bitselect(other, value, greater);
        at = wasm_v128_bitselect(wasm_i32x4_splat(k), at, greater);
    }
    store4(target, best);
    at = wasm_i16x8_narrow_i32x4(at, at);
    wasm_v128_store32_lane(which, wasm_u8x16_narrow_i16x8(at, at), 0);
}

/* For a convolution's pooled output, of which the first C channels are used; the border stays. */
EXPORT(activate_maps)
void activate_maps(u32 kind, const Conv *conv, u32 C, float *Y, float *slope, u32 B) {
    for (u32 b = 0; b < B; b++)
        for (u32 p = 0; p < conv->N * conv->N / 4; p++) {
            u32 place = b * conv->stride + output_place(conv, p / (conv->N / 2), p % (conv->N / 2));
            activate_row(kind, Y + place, slope ? slope + place : 0, C);
        }
}

/* dY *= slope. Both (B, stride). */
EXPORT(times)
void times(float *dY, const float *slope, u32 B, u32 stride) {
    for (u32 i = 0; i < B * stride; i += 4) store4(dY + i, wasm_f32x4_mul(load4(dY + i), load4(slope + i)));
}

/* Y *= mask, which is 0 for each unit with the probability `percent` in a hundred, else what keeps the sum as large as it was.
   The mask follows from the seed, the sample's place in the order and the layer, so from nothing that depends on how
   samples are divided. Y, mask (B, stride). */
EXPORT(drop)
void drop(float *Y, float *mask, u32 B, u32 features, u32 stride, u32 first, u32 seed, u32 layer, u32 percent) {
    u32 least = (u32)((u64)percent * 0x100000000ull / 100);
    float kept = 100.0f / (100 - percent);
    for (u32 b = 0; b < B; b++, Y += stride, mask += stride) {
        u32 state = seed * 2654435769u ^ (first + b);
        state = draw(&state) ^ layer * 0x9e3779b9u;
        state = draw(&state);
        for (u32 i = 0; i < features; i++) {
            mask[i] = draw(&state) >= least ? kept : 0;
            Y[i] *= mask[i];
        }
    }
}
