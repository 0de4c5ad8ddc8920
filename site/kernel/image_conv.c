/* The first convolution: one input channel, most of it blank.

   It reads pictures as floats with a border, X (B, N+2, N+4), of which the outer rows and columns are zero. A window is the
   2x2 outputs that are pooled into one; it reads a patch of 4x4 pixels. A blank patch gives just the bias, and adds nothing
   to the gradient of the weights. W (9, O): tap, then channel. Output Y and its gradient dY (B, stride) as `Conv` says,
   which (B, N/2, N/2, O): the place in its window, 0 to 3, that an output comes from. */
#include "conv.h"

enum { MOST_WINDOWS = 256 };

/* A window with ink: where its patch, its output and its entry of `which` are, within the sample. */
typedef struct {
    u32 patch, output, window;
} Inked;

/* Write B pictures as floats 0..1 to the middle of X, whose border stays. Sample b is row rows[first + b] of `images`, or
   first + b where `rows` is null. */
EXPORT(ink)
void ink(float *X, const u8 *images, const u32 *rows, u32 first, u32 B, u32 N) {
    for (u32 b = 0; b < B; b++) {
        const u8 *image = images + N * N * (rows ? rows[first + b] : first + b);
        for (u32 y = 0; y < N; y++, image += N) {
            float *row = X + (b * (N + 2) + y + 1) * (N + 4) + 1;
            for (u32 x = 0; x < N; x++) row[x] = (float)image[x] * (1.0f / 255.0f);
        }
    }
}

/* List the windows of a picture that have ink in their patch; return how many. */
static u32 list_windows(const Conv *conv, const float *X, Inked *list) {
    u32 P = conv->N / 2, row = conv->N + 4, count = 0;
    for (u32 r = 0; r < P; r++)
        for (u32 c = 0; c < P; c++) {
            u32 patch = 2 * r * row + 2 * c;
            v128_t upper = wasm_v128_or(load4(X + patch), load4(X + patch + row));
            v128_t lower = wasm_v128_or(load4(X + patch + 2 * row), load4(X + patch + 3 * row));
            list[count] = (Inked){patch, output_place(conv, r, c), r * P + c};
            count += wasm_v128_any_true(wasm_v128_or(upper, lower));
        }
    return count;
}

/* Write what a blank patch gives to every window. */
static void fill_blank(const Conv *conv, const float *bias, float *Y, u8 *which) {
    u32 P = conv->N / 2;
    for (u32 r = 0; r < P; r++)
        for (u32 c = 0; c < P; c++) {
            float *y = Y + output_place(conv, r, c);
            for (u32 o = 0; o < conv->O; o += 4) store4(y + o, conv->activation ? load4(bias + o) : wasm_f32x4_max(load4(bias + o), splat(0)));
        }
    for (u32 i = 0; i < P * P * conv->O; i += 16) wasm_v128_store(which + i, wasm_i8x16_const_splat(0));
}

/* Y = max pooling of ReLU of the convolution of X with W, plus bias. */
EXPORT(image_conv_forward)
void image_conv_forward(const Conv *conv, const float *X, const float *W, const float *bias, u32 B, float *Y, u8 *which) {
    u32 N = conv->N, O = conv->O, row = N + 4;
    Inked list[MOST_WINDOWS];
    for (u32 b = 0; b < B; b++, X += (N + 2) * row, Y += conv->stride, which += N * N / 4 * O) {
        u32 count = list_windows(conv, X, list);
        fill_blank(conv, bias, Y, which);
        for (u32 o = 0; o < O; o += 4) {
            f32x4 w[9], start = load4(bias + o);
            for (int t = 0; t < 9; t++) w[t] = load4(W + t * O + o);
            for (u32 n = 0; n < count; n++) {
                const float *x = X + list[n].patch;
                f32x4 a[4] = {start, start, start, start};
                for (u32 i = 0; i < 4; i++)
                    for (u32 j = 0; j < 4; j++) {
                        f32x4 pixel = wasm_v128_load32_splat(x + i * row + j);
                        for (u32 k = 0; k < 4; k++) {
                            u32 ty = i - k / 2, tx = j - k % 2; /* wraps around where this place does not see the pixel */
                            if (ty < 3 && tx < 3) a[k] = madd(pixel, w[3 * ty + tx], a[k]);
                        }
                    }
                pool(a, Y + list[n].output + o, which + list[n].window * O + o, conv->activation);
            }
        }
    }
}

/* The gradient that reaches four channels of an output: none where ReLU has cut them off. */
static inline f32x4 passed(const Conv *conv, const float *dY, const float *Y) {
    return wasm_v128_and(load4(dY), let_through(conv, load4(Y)));
}

/* Add the gradient of one sample's windows, four channels of it, to sums[0..8] (taps) and sums[9] (bias). */
static inline void sum_gradient(const Conv *conv, const float *X, const Inked *list, u32 count, const float *dY,
                                const float *Y, const u8 *which, f32x4 *sums) {
    u32 P = conv->N / 2, O = conv->O, row = conv->N + 4;
    f32x4 dw[9], dbias = sums[9];
    for (int t = 0; t < 9; t++) dw[t] = sums[t];
    for (u32 n = 0; n < count; n++) {
        const float *x = X + list[n].patch;
        f32x4 g = passed(conv, dY + list[n].output, Y + list[n].output), d[4];
        v128_t at = wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(which + list[n].window * O)));
        for (int k = 0; k < 4; k++) d[k] = wasm_v128_and(g, wasm_i32x4_eq(at, wasm_i32x4_splat(k)));
        for (u32 i = 0; i < 4; i++)
            for (u32 j = 0; j < 4; j++) {
                f32x4 pixel = wasm_v128_load32_splat(x + i * row + j);
                for (u32 k = 0; k < 4; k++) {
                    u32 ty = i - k / 2, tx = j - k % 2;
                    if (ty < 3 && tx < 3) dw[3 * ty + tx] = madd(pixel, d[k], dw[3 * ty + tx]);
                }
            }
    }
    for (u32 r = 0; r < P; r++)
        for (u32 c = 0; c < P; c++) {
            u32 place = output_place(conv, r, c);
            dbias = wasm_f32x4_add(dbias, passed(conv, dY + place, Y + place));
        }
    for (int t = 0; t < 9; t++) sums[t] = dw[t];
    sums[9] = dbias;
}

/* W += step * the gradient of the loss by W, from dY, and the same for the bias: for `count` channels from `first` on, a
   multiple of 4. */
EXPORT(image_conv_update)
void image_conv_update(const Conv *conv, float *W, float *bias, const float *X, u32 B, const float *dY, const float *Y,
                       const u8 *which, float step, u32 first, u32 count) {
    u32 N = conv->N, O = conv->O;
    Inked list[MOST_WINDOWS];
    for (u32 block = first, end = first + count; block < end; block += BLOCK) {
        u32 width = end - block < BLOCK ? end - block : BLOCK;
        f32x4 sums[BLOCK / 4][10] = {0};
        for (u32 b = 0; b < B; b++) {
            const float *x = X + b * (N + 2) * (N + 4);
            u32 windows = list_windows(conv, x, list);
            for (u32 o = 0; o < width; o += 4) {
                u32 place = b * conv->stride + block + o;
                const u8 *at = which + b * (N * N / 4 * O) + block + o;
                sum_gradient(conv, x, list, windows, dY + place, Y + place, at, sums[o / 4]);
            }
        }
        for (u32 o = 0; o < width; o += 4) {
            for (u32 t = 0; t < 9; t++) {
                float *w = W + t * O + block + o;
                store4(w, madd(sums[o / 4][t], splat(step), load4(w)));
            }
            store4(bias + block + o, madd(sums[o / 4][9], splat(step), load4(bias + block + o)));
        }
    }
}
