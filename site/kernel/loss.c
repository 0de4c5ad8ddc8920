/* Log-softmax and negative log-likelihood in one pass, with their gradient and the count of correct answers. */
#include "exponential.h"
#include "primitives.h"

/* The natural logarithm of x >= 1, by its series around the nearest power of two. */
static double log1(double x) {
    union { double f; u64 i; } bits = {x};
    int exponent = (int)(bits.i >> 52) - 1023;
    bits.i = (bits.i & 0xfffffffffffffull) | 0x3ff0000000000000ull;
    if (bits.f > 1.4142135623730951) bits.f *= 0.5, exponent++;
    double t = (bits.f - 1) / (bits.f + 1), t2 = t * t, sum = 0; /* log m = 2 (t + t^3/3 + t^5/5 …), |t| < 0.1716 */
    for (int n = 17; n >= 1; n -= 2) sum = sum * t2 + 1.0 / n;
    return 2 * t * sum + exponent * 0.6931471805599453;
}

/* Which of the four columns from k on are classes. */
static inline v128_t classes(u32 k, u32 K) {
    return wasm_i32x4_lt(wasm_i32x4_make(0, 1, 2, 3), wasm_i32x4_splat((int)K - (int)k));
}

static inline float sum4(f32x4 v) {
    v = wasm_f32x4_add(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(v, 0) + wasm_f32x4_extract_lane(v, 1);
}

static inline float max4(f32x4 v) {
    v = wasm_f32x4_max(v, wasm_i32x4_shuffle(v, v, 2, 3, 0, 1));
    float a = wasm_f32x4_extract_lane(v, 0), b = wasm_f32x4_extract_lane(v, 1);
    return a != a || a > b ? a : b;
}

/* The largest of K logits (stride). */
static inline float largest(const float *Z, u32 K) {
    f32x4 top = splat(-__builtin_inff());
    ROLLED for (u32 k = 0; k < K; k += 4)
        top = wasm_f32x4_max(top, wasm_v128_bitselect(load4(Z + k), splat(-__builtin_inff()), classes(k, K)));
    return max4(top);
}

/* Z = e^(Z - top), 0 in the padding. Returns the sum. */
static __attribute__((noinline)) float exponentials(float *Z, u32 K, u32 stride, float top) {
    f32x4 sum = splat(0);
    ROLLED for (u32 k = 0; k < stride; k += 4) {
        f32x4 e = wasm_v128_and(exp4(wasm_f32x4_sub(load4(Z + k), splat(top))), classes(k, K));
        sum = wasm_f32x4_add(sum, e);
        store4(Z + k, e);
    }
    return sum4(sum);
}

/* The first of K logits that equals `top`; K if none does, as when they are not numbers. */
static inline u32 first_equal(const float *Z, u32 K, float top) {
    u32 found = 0;
    ROLLED for (u32 k = 0; k < K; k += 4)
        found |= wasm_i32x4_bitmask(wasm_v128_and(wasm_f32x4_eq(load4(Z + k), splat(top)), classes(k, K))) << k;
    return found ? (u32)__builtin_ctz(found) : K;
}

/* To a whole multiple of 2^-32: sums of such numbers, up to 2^21, are exact, and so do not depend on how samples are
   divided into batches and calls. */
static inline double exact(double loss) { return __builtin_rint(loss * 0x1p32) * 0x1p-32; }

/* Add to a total that other threads may add to as well. Sums are exact, so their order does not matter. */
static void add_to(double *total, double value) {
#ifdef __wasm_atomics__
    union { double f; u64 i; } before = {*total}, after;
    do after.f = before.f + value;
    while (!__atomic_compare_exchange_n((u64 *)total, &before.i, after.i, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
#else
    *total += value;
#endif
}

/* From logits Z (B, stride), K of each row used, K at most 32, leave dZ = softmax - one-hot in the same place, zero in the
   padding, and add to `score` the labels' negative log-likelihoods and how many are ranked first (the lower class wins a
   tie). Sample b's label is labels[rows[first + b]], or labels[first + b] where `rows` is null. */
EXPORT(nll)
void nll(float *Z, u32 B, u32 K, u32 stride, const u8 *labels, const u32 *rows, u32 first, Score *score) {
    double loss = 0;
    u32 correct = 0;
    for (u32 b = 0; b < B; b++, Z += stride) {
        u32 label = labels[rows ? rows[first + b] : first + b];
        float top = largest(Z, K), target = Z[label];
        correct += first_equal(Z, K, top) == label;
        float sum = exponentials(Z, K, stride, top);
        f32x4 share = splat(1 / sum);
        ROLLED for (u32 k = 0; k < K; k += 4) store4(Z + k, wasm_f32x4_mul(load4(Z + k), share));
        Z[label] -= 1;
        loss += exact(log1((double)sum) + (double)top - (double)target);
    }
    add_to(&score->loss, loss);
    add_to(&score->correct, correct);
}

/* Softmax of one row of K logits, in place. Z (stride). */
EXPORT(softmax)
void softmax(float *Z, u32 K, u32 stride) {
    f32x4 share = splat(1 / exponentials(Z, K, stride, largest(Z, K)));
    ROLLED for (u32 k = 0; k < K; k += 4) store4(Z + k, wasm_f32x4_mul(load4(Z + k), share));
}
