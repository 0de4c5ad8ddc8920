/* The backward pass of a convolution with many input channels.

   One of the four outputs of a pooling window has a gradient, and only where ReLU let it through. Those are listed once for
   each sample: by channel for the gradient of the weights, by position before pooling for the gradient of the input. Each
   gradient is then summed over its list in registers, BLOCK input channels at a time. */
#include "conv.h"

/* One output's gradient. */
typedef struct {
    u32 place;  /* by channel: where its taps' input starts, in X; by position: see input_gradient */
    float gradient;
} Arrow;

typedef struct {
    Arrow *by_channel;   /* (O, P*P) */
    u32 *counts;         /* (O) */
    Arrow *by_position;  /* (O*P*P) */
    u32 *starts;         /* (N*N + 1) */
} Arrows;

/* Byte size of the lists. */
u32 backward_scratch(const Conv *conv) {
    u32 P = conv->N / 2;
    return conv->O * P * P * 2 * sizeof(Arrow) + 4 * conv->O + 4 * (conv->N * conv->N + 1);
}

static Arrows arrows_in(void *scratch, const Conv *conv) {
    u32 P = conv->N / 2;
    Arrow *by_channel = scratch, *by_position = by_channel + conv->O * P * P;
    u32 *counts = (u32 *)(by_position + conv->O * P * P);
    return (Arrows){by_channel, counts, by_position, counts + conv->O};
}

/* A bit for each of 32 channels whose output at Y passed ReLU and came from place `k` of its window. */
static inline u32 chosen(const float *Y, const u8 *which, u32 k) {
    u32 passed = 0;
    for (u32 v = 0; v < 8; v++) passed |= wasm_i32x4_bitmask(wasm_f32x4_gt(load4(Y + 4 * v), splat(0))) << 4 * v;
    v128_t place = wasm_i8x16_splat((int8_t)k);
    u32 low = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(which), place));
    u32 high = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(which + 16), place));
    return passed & (low | high << 16);
}

/* Fill the lists for one sample. The channels of a position come in order. */
static void list_arrows(const Conv *conv, Arrows *lists, const float *dY, const float *Y, const u8 *which) {
    u32 N = conv->N, I = conv->I, O = conv->O, P = N / 2;
    Arrow *next = lists->by_position;
    for (u32 o = 0; o < O; o++) lists->counts[o] = 0;
    for (u32 y = 0; y < N; y++)
        for (u32 x = 0; x < N; x++) {
            u32 place = output_place(conv, y / 2, x / 2), window = (y / 2 * P + x / 2) * O;
            lists->starts[y * N + x] = (u32)(next - lists->by_position);
            for (u32 block = 0; block < O; block += 32)
                for (u32 bits = chosen(Y + place + block, which + window + block, y % 2 * 2 + x % 2); bits; bits &= bits - 1) {
                    u32 o = block + (u32)__builtin_ctz(bits);
                    float gradient = dY[place + o];
                    lists->by_channel[o * P * P + lists->counts[o]++] = (Arrow){(y * (N + 2) + x) * I, gradient};
                    *next++ = (Arrow){(o * 9 - x) * I, gradient};
                }
        }
    lists->starts[N * N] = (u32)(next - lists->by_position);
}

#define SUM(arrow, end, row)                                                                             \
    for (; (arrow) < (end); (arrow)++) {                                                                 \
        const float *r_ = (row) + (arrow)->place;                                                        \
        f32x4 g_ = splat((arrow)->gradient);                                                             \
        for (int v_ = 0; v_ < BLOCK / 4; v_++) acc[v_] = madd(load4(r_ + 4 * v_), g_, acc[v_]);          \
    }

/* Add one sample's part of the gradients of the weights and of the bias. */
static void weight_gradient(const Conv *conv, const Arrows *lists, float *dW, float *dbias, const float *X) {
    u32 N = conv->N, I = conv->I, O = conv->O, P = N / 2;
    for (u32 o = 0; o < O; o++) {
        const Arrow *list = lists->by_channel + o * P * P, *end = list + lists->counts[o];
        for (const Arrow *arrow = list; arrow < end; arrow++) dbias[o] += arrow->gradient;
        for (u32 t = 0; t < 9; t++)
            for (u32 i = 0; i < I; i += BLOCK, dW += BLOCK) {
                f32x4 acc[BLOCK / 4];
                for (int v = 0; v < BLOCK / 4; v++) acc[v] = load4(dW + 4 * v);
                const Arrow *arrow = list;
                SUM(arrow, end, X + (t / 3 * (N + 2) + t % 3) * I + i);
                for (int v = 0; v < BLOCK / 4; v++) store4(dW + 4 * v, acc[v]);
            }
    }
}

/* Write one sample's gradient of the input. An output at (y', x') reached the input at (y, x) through the tap (y - y' + 1,
   x - x' + 1). An arrow's place holds its channel's part of the weights' address and what x' takes away from it, so that
   the arrows of up to three neighbours in a row are one list. */
static void input_gradient(const Conv *conv, const Arrows *lists, float *dX, const float *W) {
    u32 N = conv->N, I = conv->I;
    for (u32 y = 0; y < N; y++)
        for (u32 x = 0; x < N; x++)
            for (u32 i = 0; i < I; i += BLOCK) {
                f32x4 acc[BLOCK / 4];
                for (int v = 0; v < BLOCK / 4; v++) acc[v] = splat(0);
                u32 left = x ? x - 1 : 0, right = x + 1 < N ? x + 1 : x;
                for (u32 ty = y + 1 < N ? 0 : 1; ty < 3 && ty <= y + 1; ty++) {
                    const u32 *starts = lists->starts + (y + 1 - ty) * N;
                    const Arrow *arrow = lists->by_position + starts[left], *end = lists->by_position + starts[right + 1];
                    SUM(arrow, end, W + (ty * 3 + x + 1) * I + i);
                }
                float *to = dX + ((y + 1) * (N + 2) + x + 1) * I + i;
                for (int v = 0; v < BLOCK / 4; v++) store4(to + 4 * v, acc[v]);
            }
}

/* From dY, the gradient of the loss by Y, leave that by the weights in dW (O, 9, I), by the bias in dbias (O), by the input
   in dX (like X; its border stays). The others are as conv_forward had and left them. */
EXPORT(conv_backward)
void conv_backward(const Conv *conv, float *dW, float *dbias, float *dX, const float *X, const float *W, u32 B,
                   const float *dY, const float *Y, const u8 *which, void *scratch) {
    u32 size = (conv->N + 2) * (conv->N + 2) * conv->I, places = conv->N * conv->N / 4 * conv->O;
    Arrows lists = arrows_in(scratch, conv);
    clear(dW, conv->O * 9 * conv->I);
    clear(dbias, conv->O);
    for (u32 b = 0; b < B; b++) {
        list_arrows(conv, &lists, dY + b * conv->stride, Y + b * conv->stride, which + b * places);
        weight_gradient(conv, &lists, dW, dbias, X + b * size);
        input_gradient(conv, &lists, dX + b * size, W);
    }
}
