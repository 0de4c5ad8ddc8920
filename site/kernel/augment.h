/* How a picture is varied: which point of it each pixel of the new one shows. Shared by augment.c and its naive twin. */
#ifndef AUGMENT_H
#define AUGMENT_H

#include "random.h"

#define SIDE 28
#define MOST_SHIFT 2.0f  /* pixels */
#define MOST_ANGLE 0.18f /* radians: ten degrees */
#define MOST_SCALE 0.1f

/* Pixel (x, y) shows the point (x0 + x*xx + y*xy, y0 + x*yx + y*yy). */
typedef struct {
    float x0, xx, xy, y0, yx, yy;
} View;

/* Evenly spread over -limit..limit. */
static inline float spread(u32 *state, float limit) {
    return limit * ((float)(draw(state) >> 8) * 0x1p-23f - 1.0f);
}

/* The view for place `place` of an order, under a seed: shifted, turned and scaled a little around the picture's centre. */
static inline View draw_view(u32 seed, u32 place) {
    u32 state = seed * 2654435769u ^ place;
    state = draw(&state);
    float dx = spread(&state, MOST_SHIFT), dy = spread(&state, MOST_SHIFT);
    float a = spread(&state, MOST_ANGLE), scale = 1 + spread(&state, MOST_SCALE), a2 = a * a;
    float cosine = scale * (1 - a2 / 2 + a2 * a2 / 24), sine = scale * a * (1 - a2 / 6 + a2 * a2 / 120);
    float centre = (SIDE - 1) / 2.0f;
    return (View){centre + dx - centre * (cosine - sine), cosine, -sine,
                  centre + dy - centre * (sine + cosine), sine,   cosine};
}

#endif
