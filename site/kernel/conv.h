/* What the files of the convolution share. A convolution here is 3x3 with padding 1, then an activation, then 2x2 max pooling. */
#ifndef CONV_H
#define CONV_H

#include "activation.h"
#include "primitives.h"

/* Where the pooled output of row r, column c starts within a sample. */
static inline u32 output_place(const Conv *conv, u32 r, u32 c) {
    return ((r + conv->border) * (conv->N / 2 + 2 * conv->border) + c + conv->border) * conv->O;
}

/* What pool() does unless the activation is ReLU. */
void pool_before(const f32x4 *a, float *target, u8 *which, u32 activation);

/* From four channels at the four places of a window, in row-major order, leave the greatest, but at least 0, and which place
   it was at: the first of equals. A negative zero becomes a positive one, NaN stays.

   With another activation it leaves the number whose activation is greatest. tanh and the logistic function keep the order;
   GELU falls before it rises. */
static inline void pool(const f32x4 *a, float *target, u8 *which, u32 activation) {
    if (activation) {
        pool_before(a, target, which, activation);
        return;
    }
    f32x4 upper = wasm_f32x4_pmax(a[0], a[1]), lower = wasm_f32x4_pmax(a[2], a[3]);
    v128_t at_upper = wasm_v128_and(wasm_f32x4_gt(a[1], a[0]), wasm_i32x4_const_splat(1));
    v128_t at_lower = wasm_v128_or(wasm_v128_and(wasm_f32x4_gt(a[3], a[2]), wasm_i32x4_const_splat(1)), wasm_i32x4_const_splat(2));
    v128_t at = wasm_v128_bitselect(at_lower, at_upper, wasm_f32x4_gt(lower, upper));
    store4(target, wasm_f32x4_max(wasm_f32x4_pmax(upper, lower), splat(0)));
    at = wasm_i16x8_narrow_i32x4(at, at);
    wasm_v128_store32_lane(which, wasm_u8x16_narrow_i16x8(at, at), 0);
}

/* Which of four channels have a gradient: those that ReLU let through, else all. */
static inline v128_t let_through(const Conv *conv, f32x4 Y) {
    return wasm_v128_or(wasm_f32x4_gt(Y, splat(0)), wasm_i32x4_splat(conv->activation ? -1 : 0));
}

#endif
