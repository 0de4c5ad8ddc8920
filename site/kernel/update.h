/* How an optimizer moves four weights, for tensors as a whole (update.c) and for the first layer (sparse.c) alike. */
#ifndef UPDATE_H
#define UPDATE_H

#include "scrawl.h"

#define BETA1 0.9
#define BETA2 0.999
#define TINY 1e-30f /* what is smaller becomes 0: a decaying number would end up denormal, a hundred times as slow */

/* Adam's numbers for a step: rate and epsilon, both corrected because the averages start at zero; and 1 minus what weight
   decay takes from each weight. */
typedef struct {
    float rate, epsilon, keep;
} AdamStep;

/* `rate` is negative; bias1 and bias2 are the shares of their full weight that the averages have by now. As in PyTorch, the
   divisor is sqrt(V / bias2) + 1e-8. */
static inline AdamStep adam_step(float rate, float weight_decay, double bias1, double bias2) {
    double root = __builtin_sqrt(bias2);
    return (AdamStep){(float)(rate * root / bias1), (float)(1e-8 * root), 1 + rate * weight_decay};
}

static inline f32x4 flush4(f32x4 x) {
    return wasm_v128_and(x, wasm_f32x4_gt(wasm_f32x4_abs(x), splat(TINY)));
}

/* V = momentum * V + gradient + weight_decay * W, then W += rate * V. */
static inline void momentum4(float *W, float *V, f32x4 gradient, float rate, float momentum, float weight_decay) {
    f32x4 w = load4(W), v = madd(w, splat(weight_decay), madd(load4(V), splat(momentum), gradient));
    v = flush4(v);
    store4(V, v);
    store4(W, madd(v, splat(rate), w));
}

/* M and V are the running averages of the gradient and of its square; W moves by their quotient. */
static inline void adam4(float *W, float *M, float *V, f32x4 gradient, AdamStep step) {
    f32x4 m = load4(M), v = load4(V);
    m = flush4(madd(wasm_f32x4_sub(gradient, m), splat((float)(1 - BETA1)), m));
    v = flush4(madd(wasm_f32x4_mul(gradient, gradient), splat((float)(1 - BETA2)), wasm_f32x4_mul(v, splat((float)BETA2))));
    store4(M, m);
    store4(V, v);
    f32x4 quotient = wasm_f32x4_div(m, wasm_f32x4_add(wasm_f32x4_sqrt(v), splat(step.epsilon)));
    store4(W, madd(quotient, splat(step.rate), wasm_f32x4_mul(load4(W), splat(step.keep))));
}

#endif
