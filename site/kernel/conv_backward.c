/* The backward pass of a convolution with many input channels.

   One of the four outputs of a pooling window has a gradient, and only where ReLU let it through. Those are listed for each
   sample: by channel for the gradient of the weights, by position before pooling for the gradient of the input. Each
   gradient is then summed over its list in registers, BLOCK input channels at a time. */
#include "conv.h"

/* One output's gradient. */
typedef struct {
    u32 place;  /* by channel: where its taps' input starts, in X; by position: see input_gradient */
    float gradient;
} Arrow;

typedef struct {
    Arrow *by_position; /* (O*P*P) */
    u32 *starts;        /* (N*N + 1) */
} Positions;

/* Of the channels from `first` on. */
typedef struct {
    u32 first, count;
    Arrow *by_channel; /* (O, P*P) */
    u32 *counts;       /* (O) */
} Channels;

/* Byte size of the lists, of which a thread has one kind at a time. */
u32 backward_room(const Conv *conv) {
    u32 P = conv->N / 2;
    return conv->O * P * P * sizeof(Arrow) + 4 * (conv->O + conv->N * conv->N + 1);
}

/* A bit for each of 32 channels whose output at Y passed ReLU and came from place `k` of its window. */
static inline u32 chosen(const Conv *conv, const float *Y, const u8 *which, u32 k) {
    u32 passed = 0;
    for (u32 v = 0; v < 8; v++) passed |= wasm_i32x4_bitmask(let_through(conv, load4(Y + 4 * v))) << 4 * v;
    v128_t place = wasm_i8x16_splat((int8_t)k);
    u32 low = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(which), place));
    u32 high = wasm_i8x16_bitmask(wasm_i8x16_eq(wasm_v128_load(which + 16), place));
    return passed & (low | high << 16);
}

/* Call LIST for each output of a sample with a gradient, of the channels from .. to: with position y, x, with channel o and
   the gradient. The channels of a position come in order. */
#define EACH_ARROW(from, to, LIST, AT_POSITION)                                                              \
    for (u32 y = 0; y < N; y++)                                                                              \
        for (u32 x = 0; x < N; x++) {                                                                        \
            u32 place = output_place(conv, y / 2, x / 2), window = (y / 2 * P + x / 2) * O;                  \
            AT_POSITION;                                                                                     \
            for (u32 block = (from) & ~31u; block < (to); block += 32) {                                     \
                u32 bits = chosen(conv, Y + place + block, which + window + block, y % 2 * 2 + x % 2);       \
                if (block < (from)) bits &= 0xffffffffu << ((from) - block);                                 \
                if (block + 32 > (to)) bits &= 0xffffffffu >> (block + 32 - (to));                           \
                for (; bits; bits &= bits - 1) {                                                             \
                    u32 o = block + (u32)__builtin_ctz(bits);                                                \
                    float gradient = dY[place + o];                                                          \
                    LIST;                                                                                    \
                }                                                                                            \
            }                                                                                                \
        }

static void list_by_position(const Conv *conv, Positions *lists, const float *dY, const float *Y, const u8 *which) {
    u32 N = conv->N, O = conv->O, P = N / 2;
    Arrow *next = lists->by_position;
    EACH_ARROW(0, O, *next++ = ((Arrow){(o * 9 - x) * conv->I, gradient}),
               lists->starts[y * N + x] = (u32)(next - lists->by_position))
    lists->starts[N * N] = (u32)(next - lists->by_position);
}

static void list_by_channel(const Conv *conv, Channels *lists, const float *dY, const float *Y, const u8 *which) {
    u32 N = conv->N, O = conv->O, P = N / 2, first = lists->first;
    for (u32 o = 0; o < lists->count; o++) lists->counts[o] = 0;
    EACH_ARROW(first, first + lists->count,
               lists->by_channel[(o - first) * P * P + lists->counts[o - first]++] =
                   ((Arrow){(y * (N + 2) + x) * conv->I, gradient}), )
}

#define SUM(arrow, end, row)                                                                             \
    for (; (arrow) < (end); (arrow)++) {                                                                 \
        const float *r_ = (row) + (arrow)->place;                                                        \
        f32x4 g_ = splat((arrow)->gradient);                                                             \
        for (int v_ = 0; v_ < BLOCK / 4; v_++) acc[v_] = madd(load4(r_ + 4 * v_), g_, acc[v_]);          \
    }

/* Add one sample's part of the gradients of the weights and of the bias; dW and dbias start with the first channel listed. */
static void weight_gradient(const Conv *conv, const Channels *lists, float *dW, float *dbias, const float *X) {
    u32 N = conv->N, I = conv->I, P = N / 2;
    for (u32 o = 0; o < lists->count; o++) {
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
static void input_gradient(const Conv *conv, const Positions *lists, float *dX, const float *W) {
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

/* From dY, the gradient of the loss by Y, leave that by the input in dX (like X; its border stays). The others are as
   conv_forward had and left them. */
EXPORT(conv_input)
void conv_input(const Conv *conv, float *dX, const float *W, u32 B, const float *dY, const float *Y, const u8 *which,
                void *room) {
    u32 size = (conv->N + 2) * (conv->N + 2) * conv->I, places = conv->N * conv->N / 4 * conv->O;
    Arrow *arrows = room;
    Positions lists = {arrows, (u32 *)(arrows + places)};
    for (u32 b = 0; b < B; b++) {
        list_by_position(conv, &lists, dY + b * conv->stride, Y + b * conv->stride, which + b * places);
        input_gradient(conv, &lists, dX + b * size, W);
    }
}

/* And that by the weights in dW (O, 9, I), by the bias in dbias (O): of `count` outputs from `first` on. */
EXPORT(conv_weights)
void conv_weights(const Conv *conv, float *dW, float *dbias, const float *X, u32 B, const float *dY, const float *Y,
                  const u8 *which, u32 first, u32 count, void *room) {
    u32 size = (conv->N + 2) * (conv->N + 2) * conv->I, places = conv->N * conv->N / 4 * conv->O;
    Arrow *arrows = room;
    Channels lists = {first, count, arrows, (u32 *)(arrows + places)};
    dW += first * 9 * conv->I, dbias += first;
    for (u32 i = 0; i < count * 9 * conv->I; i++) dW[i] = 0;
    for (u32 o = 0; o < count; o++) dbias[o] = 0;
    for (u32 b = 0; b < B; b++) {
        list_by_channel(conv, &lists, dY + b * conv->stride, Y + b * conv->stride, which + b * places);
        weight_gradient(conv, &lists, dW, dbias, X + b * size);
    }
}
