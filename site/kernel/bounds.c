/* How large a layer's answers can become, whatever the picture: for weights that come from elsewhere. A plain loop, since it
   runs once for a layer; `scrawl.net.bounds` says which layer follows which. */
#include "scrawl.h"

/* This runs now and then, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

/* out (rows) += the sum of the magnitudes of W (rows, columns), each times its input's, in (columns / span), where `span`
   columns of a row belong to one input. Returns 1 unless one is larger than `limit`, or no number. */
EXPORT(add_magnitudes)
u32 add_magnitudes(float *out, const float *W, u32 rows, u32 columns, const float *in, u32 span, float limit) {
    u32 within = 1;
    for (u32 r = 0; r < rows; r++) {
        double sum = out[r];
        for (u32 i = 0; i < columns / span; i++)
            for (u32 c = 0; c < span; c++) sum += __builtin_fabs((double)*W++) * in[i];
        out[r] = (float)sum;
        if (!(sum <= limit)) within = 0;
    }
    return within;
}

#pragma clang attribute pop
