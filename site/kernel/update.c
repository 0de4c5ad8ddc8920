/* Arithmetic on whole tensors: optimizers move weights by gradients and their averages. */
#include "primitives.h"
#include "update.h"

/* target (count) = 0. Like the others here, it takes whole vectors: tensors are allocated so. */
EXPORT(clear)
void clear(float *target, u32 count) {
    for (u32 i = 0; i < count; i += 4) store4(target + i, splat(0));
}

/* target (count) = source. */
EXPORT(copy)
void copy(float *target, const float *source, u32 count) { __builtin_memcpy(target, source, 4 * count); }

/* target += scale * source, both (count). */
EXPORT(add_scaled)
void add_scaled(float *target, const float *source, u32 count, float scale) {
    for (u32 i = 0; i < count; i += 4) store4(target + i, madd(load4(source + i), splat(scale), load4(target + i)));
}

/* Move W by its velocity V, into which the gradient G goes; PyTorch's SGD with momentum and weight decay. `rate` is
   negative. G is left at zero, so that the next one can be summed up in it. All (count). */
EXPORT(move_momentum)
void move_momentum(float *W, float *V, float *G, u32 count, float rate, float momentum, float weight_decay) {
    ROLLED
    for (u32 i = 0; i < count; i += 4) {
        momentum4(W + i, V + i, load4(G + i), rate, momentum, weight_decay);
        store4(G + i, splat(0));
    }
}

/* Move W as Adam does, with decoupled weight decay: PyTorch's AdamW. M and V are the averages; G as above. All (count). */
EXPORT(move_adam)
void move_adam(float *W, float *M, float *V, float *G, u32 count, float rate, float epsilon, float keep) {
    ROLLED
    for (u32 i = 0; i < count; i += 4) {
        adam4(W + i, M + i, V + i, load4(G + i), (AdamStep){rate, epsilon, keep});
        store4(G + i, splat(0));
    }
}

/* Write the transpose of source (rows, source_stride) to target (columns, target_stride). Both numbers are rounded up to
   multiples of 4, and there is room for that. */
EXPORT(transpose)
void transpose(float *target, u32 target_stride, const float *source, u32 source_stride, u32 rows, u32 columns) {
    for (u32 r = 0; r < rows; r += 4)
        for (u32 c = 0; c < columns; c += 4) {
            const float *from = source + r * source_stride + c;
            f32x4 a0 = load4(from), a1 = load4(from + source_stride);
            f32x4 a2 = load4(from + 2 * source_stride), a3 = load4(from + 3 * source_stride);
            f32x4 low01 = wasm_i32x4_shuffle(a0, a1, 0, 4, 1, 5), high01 = wasm_i32x4_shuffle(a0, a1, 2, 6, 3, 7);
            f32x4 low23 = wasm_i32x4_shuffle(a2, a3, 0, 4, 1, 5), high23 = wasm_i32x4_shuffle(a2, a3, 2, 6, 3, 7);
            float *to = target + c * target_stride + r;
            store4(to, wasm_i64x2_shuffle(low01, low23, 0, 2));
            store4(to + target_stride, wasm_i64x2_shuffle(low01, low23, 1, 3));
            store4(to + 2 * target_stride, wasm_i64x2_shuffle(high01, high23, 0, 2));
            store4(to + 3 * target_stride, wasm_i64x2_shuffle(high01, high23, 1, 3));
        }
}
