/* tanh, the logistic function and exact GELU with their derivatives, for layers (activation.c) and for pooling (conv.h). */
#ifndef ACTIVATION_H
#define ACTIVATION_H

#include "exponential.h"

/* As site/scrawl/net/activations.py numbers them. ReLU has primitives of its own. */
enum { RELU, TANH, SIGMOID, GELU };

/* Values and derivatives at four places. */
typedef struct {
    f32x4 y, slope;
} Activated;

/* tanh x = (1 - e) / (1 + e) with e = e^-2|x|, and near 0, where that cancels, Cephes' polynomial; the slope is 4e / (1 + e)^2. */
static inline Activated tanh4(f32x4 x) {
    f32x4 size = wasm_f32x4_abs(x), e = exp4(wasm_f32x4_mul(size, splat(-2))), sum = wasm_f32x4_add(splat(1), e), x2 = wasm_f32x4_mul(x, x);
    f32x4 far = wasm_f32x4_div(wasm_f32x4_sub(splat(1), e), sum), p = splat(-5.70498872745e-3f);
    p = madd(p, x2, splat(2.06390887954e-2f));
    p = madd(p, x2, splat(-5.37397155531e-2f));
    p = madd(p, x2, splat(1.33314422036e-1f));
    p = madd(p, x2, splat(-3.33332819422e-1f));
    f32x4 near = madd(wasm_f32x4_mul(p, x2), size, size);
    f32x4 y = wasm_v128_bitselect(near, far, wasm_f32x4_lt(size, splat(0.625f)));
    y = wasm_v128_or(y, wasm_v128_and(x, wasm_u32x4_splat(0x80000000u)));
    return (Activated){y, wasm_f32x4_div(wasm_f32x4_mul(splat(4), e), wasm_f32x4_mul(sum, sum))};
}

/* 1 / (1 + e^-x), without a power that overflows. */
static inline Activated sigmoid4(f32x4 x) {
    f32x4 e = exp4(wasm_f32x4_neg(wasm_f32x4_abs(x))), sum = wasm_f32x4_add(splat(1), e);
    f32x4 upper = wasm_v128_bitselect(e, splat(1), wasm_f32x4_lt(x, splat(0)));
    return (Activated){wasm_f32x4_div(upper, sum), wasm_f32x4_div(e, wasm_f32x4_mul(sum, sum))};
}

/* x P(x), where P is the normal distribution. P(-|x|) = e^(-x^2/2) q(t), t = 1 / (1 + 0.3 |x| / sqrt 2); the polynomial q is within
   2e-8 of the true one for |x| up to 14, beyond which P is 0. */
static inline Activated gelu4(f32x4 x) {
    f32x4 e = exp4(wasm_f32x4_mul(wasm_f32x4_mul(x, x), splat(-0.5f)));
    f32x4 t = wasm_f32x4_div(splat(1), madd(wasm_f32x4_abs(x), splat(0.212132034f), splat(1)));
    f32x4 u = wasm_f32x4_sub(wasm_f32x4_add(t, t), splat(1)), q = splat(-2.529727180e-4f);
    q = madd(q, u, splat(-1.270681769e-4f));
    q = madd(q, u, splat(2.191665723e-3f));
    q = madd(q, u, splat(1.020987926e-2f));
    q = madd(q, u, splat(2.847758815e-2f));
    q = madd(q, u, splat(5.935836880e-2f));
    q = madd(q, u, splat(9.939076037e-2f));
    q = madd(q, u, splat(1.382618100e-1f));
    q = madd(q, u, splat(1.624899588e-1f));
    f32x4 tail = wasm_f32x4_mul(e, wasm_f32x4_mul(q, t));
    f32x4 P = wasm_v128_bitselect(tail, wasm_f32x4_sub(splat(1), tail), wasm_f32x4_lt(x, splat(0)));
    return (Activated){wasm_f32x4_mul(x, P), madd(wasm_f32x4_mul(x, e), splat(0.398942280f), P)};
}

static inline Activated activated(u32 kind, f32x4 x) {
    return kind == TANH ? tanh4(x) : kind == SIGMOID ? sigmoid4(x) : gelu4(x);
}

#endif
