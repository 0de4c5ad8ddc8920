/* Primitives for looking inside a network: how the input changes a score, what each digit is read as, pictures of weights.

   Training does not need the gradient of the images, so it is here: for one sample at a time, after a forward pass whose
   activations are still in place. The first two have naive twins in naive_inside.c; the others are plain loops. */
#include "conv.h"

/* This runs now and then, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define INK (1.0f / 255.0f)

static inline float sum4(f32x4 v) {
    return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1) + wasm_f32x4_extract_lane(v, 2) +
           wasm_f32x4_extract_lane(v, 3);
}

/* dX = W dY: what reaches the inputs of a dense layer. W (O/block, I, block), dY (O), dX (I); O a multiple of block, block of 4. */
EXPORT(dense_input)
void dense_input(float *dX, const float *W, const float *dY, u32 I, u32 O, u32 block) {
    for (u32 i = 0; i < I; i++) dX[i] = 0;
    for (u32 o = 0; o < O; o += block)
        for (u32 i = 0; i < I; i++, W += block) {
            f32x4 sum = splat(0);
            for (u32 b = 0; b < block; b += 4) sum = madd(load4(W + b), load4(dY + o + b), sum);
            dX[i] += sum4(sum);
        }
}

/* What reaches the picture below the first convolution. dX (N, N) has no border; W (9, O), dY, Y and `which` are one sample's,
   as in image_conv.c. */
EXPORT(image_conv_input)
void image_conv_input(const Conv *conv, float *dX, const float *W, const float *dY, const float *Y, const u8 *which) {
    u32 N = conv->N, P = N / 2, O = conv->O;
    for (u32 i = 0; i < N * N; i++) dX[i] = 0;
    for (u32 p = 0; p < P * P; p++, which += O) {
        f32x4 sums[4][9] = {0}; /* by place in the window, then tap */
        for (u32 o = 0; o < O; o += 4) {
            u32 place = output_place(conv, p / P, p % P) + o;
            f32x4 g = wasm_v128_and(load4(dY + place), let_through(conv, load4(Y + place)));
            v128_t at = wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(which + o)));
            for (int k = 0; k < 4; k++) {
                f32x4 d = wasm_v128_and(g, wasm_i32x4_eq(at, wasm_i32x4_splat(k)));
                for (u32 t = 0; t < 9; t++) sums[k][t] = madd(d, load4(W + t * O + o), sums[k][t]);
            }
        }
        for (u32 k = 0; k < 4; k++)
            for (u32 t = 0; t < 9; t++) {
                u32 y = p / P * 2 + k / 2 + t / 3 - 1, x = p % P * 2 + k % 2 + t % 3 - 1; /* wraps around outside */
                if (y < N && x < N) dX[y * N + x] += sum4(sums[k][t]);
            }
    }
}

/* out[c] = the sum over all positions of A * D: what each channel contributes. A, D (positions, C), out (C). */
EXPORT(channel_products)
void channel_products(float *out, const float *A, const float *D, u32 positions, u32 C) {
    for (u32 c = 0; c < C; c++) out[c] = 0;
    for (u32 p = 0; p < positions; p++, A += C, D += C)
        for (u32 c = 0; c < C; c++) out[c] += A[c] * D[c];
}

/* dX *= the picture: what each pixel's ink has contributed. picture (count) u8, 255 is full ink. */
EXPORT(times_ink)
void times_ink(float *dX, const u8 *picture, u32 count) {
    for (u32 i = 0; i < count; i++) dX[i] *= (float)picture[i] * INK;
}

/* From the scores Z (B, stride), K of each row used, note for each sample which digit it is read as (the lower of equals), and
   its share of the ten in 1/255; and count it, counts (K, K), by its label and what it is read as. Z becomes the softmax. */
EXPORT(tally)
void tally(float *Z, u32 B, u32 K, u32 stride, const u8 *labels, u8 *read, u8 *share, u32 *counts) {
    for (u32 b = 0; b < B; b++, Z += stride) {
        u32 best = 0;
        for (u32 k = 1; k < K; k++)
            if (Z[k] > Z[best]) best = k;
        softmax(Z, K, stride);
        read[b] = (u8)best;
        share[b] = Z[best] > 0 ? (u8)(Z[best] * 255 + 0.5f) : 0; /* NaN becomes 0 */
        counts[labels[b] * K + best]++;
    }
}

/* The sum of the squares of `count` floats. */
EXPORT(squares)
double squares(const float *source, u32 count) {
    double sum = 0;
    for (u32 i = 0; i < count; i++) sum += (double)source[i] * source[i];
    return sum;
}

/* The greatest magnitude of `count` floats. */
EXPORT(peak)
float peak(const float *source, u32 count) {
    float most = 0;
    for (u32 i = 0; i < count; i++) {
        float size = source[i] < 0 ? -source[i] : source[i];
        if (size > most) most = size;
    }
    return most;
}

/* Paint numbers as pixels. Row r, column c of the picture is source[r*row_step + c*column_step]; `scale` brings 0 to the
   middle of the palette, ±1/scale to its ends. target has rows `pitch` pixels apart, palette (255) RGBA. */
EXPORT(paint)
void paint(u32 *target, u32 pitch, const float *source, u32 row_step, u32 column_step, u32 rows, u32 columns, float scale,
           const u32 *palette) {
    for (u32 r = 0; r < rows; r++)
        for (u32 c = 0; c < columns; c++) {
            float v = source[r * row_step + c * column_step] * scale * 127;
            v = v > 127 ? 127 : v < -127 ? -127 : v == v ? v : 0;
            target[r * pitch + c] = palette[(u32)(v + 127.5f)];
        }
}

#pragma clang attribute pop
