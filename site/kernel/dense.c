/* Matrix products for dense layers of any shape, and what goes with them: bias, ReLU, the layout of weights. */
#include "primitives.h"

/* `rows` (1 or 4) by `vectors` (1 to 3) times 4 elements of C, accumulated in registers. */
#define TILE(ROWS, VECTORS)                                                                                       \
    static inline __attribute__((always_inline)) void tile_##ROWS##x##VECTORS(                                    \
        float *C, u32 cs, const float *A, u32 ars, u32 acs, const float *B, u32 bs, u32 K, const float *base,     \
        u32 base_stride, float scale) {                                                                           \
        f32x4 acc[ROWS][VECTORS];                                                                                 \
        for (int m = 0; m < ROWS; m++)                                                                            \
            for (int v = 0; v < VECTORS; v++) acc[m][v] = splat(0);                                               \
        for (u32 k = 0; k < K; k++, A += acs, B += bs) {                                                          \
            f32x4 b[VECTORS];                                                                                     \
            for (int v = 0; v < VECTORS; v++) b[v] = load4(B + 4 * v);                                            \
            for (int m = 0; m < ROWS; m++) {                                                                      \
                f32x4 a = wasm_v128_load32_splat(A + m * ars);                                                    \
                for (int v = 0; v < VECTORS; v++) acc[m][v] = madd(a, b[v], acc[m][v]);                           \
            }                                                                                                     \
        }                                                                                                         \
        for (int m = 0; m < ROWS; m++)                                                                            \
            for (int v = 0; v < VECTORS; v++) {                                                                   \
                f32x4 start = base ? load4(base + m * base_stride + 4 * v) : splat(0);                            \
                store4(C + m * cs + 4 * v, madd(acc[m][v], splat(scale), start));                                 \
            }                                                                                                     \
    }
TILE(4, 3)
TILE(4, 2)
TILE(4, 1)
TILE(1, 3)
TILE(1, 2)
TILE(1, 1)

#define COLUMN(VECTORS)                                                                                             \
    do {                                                                                                            \
        const float *base_ = base ? base + n : 0;                                                                   \
        u32 m = 0;                                                                                                  \
        for (; m + 4 <= M; m += 4)                                                                                  \
            tile_4x##VECTORS(C + m * cs + n, cs, A + m * ars, ars, acs, B + n, bs, K,                               \
                             base_ ? base_ + m * base_stride : 0, base_stride, scale);                              \
        for (; m < M; m++)                                                                                          \
            tile_1x##VECTORS(C + m * cs + n, cs, A + m * ars, ars, acs, B + n, bs, K,                               \
                             base_ ? base_ + m * base_stride : 0, base_stride, scale);                              \
        n += 4 * VECTORS;                                                                                           \
    } while (0)

/* C = base + scale * A B, with C (M, N), A (M, K), B (K, N), N a multiple of 4.
   A's element (m, k) is A[m*ars + k*acs], so that A may be transposed; rows of B and C are bs and cs floats apart.
   `base` is null for 0, or has rows base_stride apart: 0 repeats one row (a bias), and it may be C itself (an update). */
EXPORT(matmul)
void matmul(float *C, u32 cs, const float *A, u32 ars, u32 acs, const float *B, u32 bs, u32 M, u32 N, u32 K,
            const float *base, u32 base_stride, float scale) {
    u32 n = 0;
    while (N - n > 12 || N - n == 8) COLUMN(2);
    if (N - n == 12) COLUMN(3);
    if (N - n == 4) COLUMN(1);
}

/* bias += step * the sum of dY's rows. dY (B, stride), of which O are used, a multiple of 4; bias (O). */
EXPORT(bias_update)
void bias_update(float *bias, const float *dY, u32 B, u32 stride, float step, u32 O) {
    for (u32 o = 0; o < O; o += 4) {
        f32x4 sum = splat(0);
        for (u32 b = 0; b < B; b++) sum = wasm_f32x4_add(sum, load4(dY + b * stride + o));
        store4(bias + o, madd(sum, splat(step), load4(bias + o)));
    }
}

/* Y = max(Y, 0), in place; a negative zero becomes a positive one, NaN stays. Y (B, stride). */
EXPORT(relu_forward)
void relu_forward(float *Y, u32 B, u32 stride) {
    for (u32 i = 0; i < B * stride; i += 4) store4(Y + i, wasm_f32x4_max(load4(Y + i), splat(0)));
}

/* dY = 0 wherever Y, what relu_forward left, is not positive. Both (B, stride). */
EXPORT(relu_backward)
void relu_backward(float *dY, const float *Y, u32 B, u32 stride) {
    for (u32 i = 0; i < B * stride; i += 4)
        store4(dY + i, wasm_v128_and(load4(dY + i), wasm_f32x4_gt(load4(Y + i), splat(0))));
}

/* Weights from PyTorch's layout, source (O, I), into blocks of `block` outputs: W (ceil(O/block), I, block), padding zero.
   Where an input is a channel at one of `places` positions, it is (channel, place) in the source, (place, channel) in W, where
   each place has room for `wide` channels. */
EXPORT(pack_weights)
void pack_weights(float *W, const float *source, u32 O, u32 I, u32 block, u32 places, u32 wide) {
    for (u32 start = 0; start < O; start += block)
        for (u32 i = 0; i < places * wide; i++)
            for (u32 o = start, from = i % wide * places + i / wide; o < start + block; o++)
                *W++ = o < O && i % wide * places < I ? source[o * I + from] : 0;
}

/* And back: target (O, I). */
EXPORT(unpack_weights)
void unpack_weights(float *target, const float *W, u32 O, u32 I, u32 block, u32 places, u32 wide) {
    for (u32 o = 0; o < O; o++)
        for (u32 i = 0; i < I; i++)
            target[o * I + i] = W[(o / block * places * wide + i % places * wide + i / places) * block + o % block];
}
