/* e^x, four at a time: for the loss and for the activations. */
#ifndef EXPONENTIAL_H
#define EXPONENTIAL_H

#include "scrawl.h"

#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f

/* e^x for x <= 0, to 2 ulp (Cephes' polynomial); below -87 it is 0. */
static inline f32x4 exp4(f32x4 x) {
    f32x4 tiny = wasm_f32x4_lt(x, splat(-87.0f));
    f32x4 n = wasm_f32x4_nearest(wasm_f32x4_mul(x, splat(1.44269504f)));
    f32x4 r = wasm_f32x4_sub(wasm_f32x4_sub(x, wasm_f32x4_mul(n, splat(LN2_HIGH))), wasm_f32x4_mul(n, splat(LN2_LOW)));
    f32x4 p = splat(1.9875691500e-4f);
    p = madd(p, r, splat(1.3981999507e-3f));
    p = madd(p, r, splat(8.3334519073e-3f));
    p = madd(p, r, splat(4.1665795894e-2f));
    p = madd(p, r, splat(1.6666665459e-1f));
    p = madd(p, r, splat(5.0000001201e-1f));
    p = wasm_f32x4_add(madd(p, wasm_f32x4_mul(r, r), r), splat(1.0f));
    v128_t power = wasm_i32x4_shl(wasm_i32x4_add(wasm_i32x4_trunc_sat_f32x4(n), wasm_i32x4_splat(127)), 23);
    return wasm_v128_andnot(wasm_f32x4_mul(p, power), tiny);
}

#endif
