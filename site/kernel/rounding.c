/* Weights as whole numbers of 8 bits, rounded by chance so that no error adds up. This runs once for what is sent. */
#include "random.h"

#define MOST 127

#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

/* target (rows, columns) = W / scales, rounded up or down by chance: what comes out is W on average. scales (rows) is what
   one step of a row is worth, so that the row's largest magnitude becomes 127. */
EXPORT(round_rows)
void round_rows(signed char *target, float *scales, const float *W, u32 rows, u32 columns, u32 seed) {
    u32 state = seed ^ 0x9e3779b9u;
    for (u32 r = 0; r < rows; r++, W += columns) {
        float largest = 0;
        for (u32 c = 0; c < columns; c++) {
            float magnitude = __builtin_fabsf(W[c]);
            if (magnitude > largest) largest = magnitude;
        }
        float scale = largest / MOST;
        scales[r] = scale = scale > 0 ? scale : 1;  // a row of zeros stays one
        for (u32 c = 0; c < columns; c++) {
            float chance = (float)(draw(&state) >> 8) * 0x1p-24f;  // from 0, below 1
            float number = __builtin_floorf(W[c] / scale + chance);
            *target++ = (signed char)(number < MOST ? number : MOST);
        }
    }
}

#pragma clang attribute pop
