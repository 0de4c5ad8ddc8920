/* Seeded randomness: the order of samples, first weights. The same seed gives the same numbers everywhere. */
#include "random.h"

/* Write first, first + 1, … to order (count). */
EXPORT(number)
void number(u32 *order, u32 first, u32 count) {
    for (u32 i = 0; i < count; i++) order[i] = first + i;
}

/* Shuffle order (count): Fisher and Yates, every order equally likely. */
EXPORT(shuffle)
void shuffle(u32 *order, u32 count, u32 seed) {
    u32 state = seed ^ 0x5bd1e995u;
    for (u32 i = count; i > 1; i--) {
        u32 j = (u32)(((u64)draw(&state) * i) >> 32), last = order[i - 1];
        order[i - 1] = order[j];
        order[j] = last;
    }
}

/* Fill target (count) with numbers evenly spread over -limit..limit. */
EXPORT(fill_uniform)
void fill_uniform(float *target, u32 count, float limit, u32 seed) {
    u32 state = seed ^ 0x9e3779b9u;
    for (u32 i = 0; i < count; i++) target[i] = limit * ((float)(draw(&state) >> 8) * 0x1p-23f - 1.0f);
}
