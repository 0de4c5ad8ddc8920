/* The generator behind all of the kernel's randomness. */
#ifndef RANDOM_H
#define RANDOM_H

#include "scrawl.h"

/* PCG-RXS-M-XS 32: one multiplication and a permutation. */
static inline u32 draw(u32 *state) {
    u32 x = *state;
    *state = x * 747796405u + 2891336453u;
    x = ((x >> ((x >> 28) + 4)) ^ x) * 277803737u;
    return (x >> 22) ^ x;
}

#endif
