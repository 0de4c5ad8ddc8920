/* Turns a drawing of any size and place into a 28x28 picture, in the way MNIST's digits were made.

   The ink's bounding box is scaled to fit 20x20 with the same aspect ratio, and its centre of mass moves to the centre. The
   API does the same in Python: functions/images/normalise.py explains how and why. Here ink is 255 and paper 0. */
#include "normalise.h"

/* This runs once for a drawing, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define SIDE 28
#define CENTRE 14.5
#define INK 26 /* the first value that is at least a tenth of 255 */

/* One axis of a drawing, and how the picture's pixels lie on it. */
typedef struct {
    u32 start, end; /* of the ink */
    double mass;    /* its centre */
    double scale, reach; /* source pixels per pixel of the picture; how far the filter reaches */
    double totals[SIDE]; /* the sum of the filter's weights around each pixel of the picture */
} Axis;

static double place(const Axis *axis, u32 i) { return axis->mass + (i + 0.5 - CENTRE) * axis->scale; }

/* The weight of source pixel j for pixel i of the picture, before it is divided by the total. */
static double weight(const Axis *axis, u32 i, double j) {
    double w = 1 - __builtin_fabs(j + 0.5 - place(axis, i)) / axis->reach;
    return w > 0 ? w : 0;
}

/* Source pixels that count for pixel i of the picture lie in first .. last, of `size` there are. */
static u32 first_source(const Axis *axis, u32 i) {
    double first = __builtin_floor(place(axis, i) - axis->reach);
    return first > 0 ? (u32)first : 0;
}

static u32 last_source(const Axis *axis, u32 i, u32 size) {
    double last = __builtin_ceil(place(axis, i) + axis->reach);
    return last < 0 ? 0 : last < size ? (u32)last : size;
}

/* Where the ink is. Returns 0 if there is none. */
static int measure(const u8 *gray, u32 width, u32 height, Axis *across, Axis *down) {
    double sum = 0, sum_x = 0, sum_y = 0;
    across->start = width, down->start = height, across->end = down->end = 0;
    for (u32 y = 0; y < height; y++)
        for (u32 x = 0; x < width; x++) {
            u32 value = gray[y * width + x];
            if (value < INK) continue;
            sum += value, sum_x += value * (x + 0.5), sum_y += value * (y + 0.5);
            if (x < across->start) across->start = x;
            if (x >= across->end) across->end = x + 1;
            if (y < down->start) down->start = y;
            down->end = y + 1;
        }
    across->mass = sum_x / sum, down->mass = sum_y / sum;
    return sum > 0;
}

/* Fix scale and centre: of mass, unless the box would then leave the field. */
static void fit(Axis *axis, double scale) {
    double low = axis->end - scale * (SIDE - CENTRE), high = axis->start + scale * CENTRE;
    axis->scale = scale;
    axis->reach = scale > 1 ? scale : 1;
    axis->mass = axis->mass < low ? low : axis->mass;
    axis->mass = axis->mass > high ? high : axis->mass;
    for (u32 i = 0; i < SIDE; i++) {
        axis->totals[i] = 0;
        double start = __builtin_floor(place(axis, i) - axis->reach) - 1, end = start + 2 * axis->reach + 4;
        for (double j = start; j < end; j++) axis->totals[i] += weight(axis, i, j);
    }
}

u32 place_ink(const u8 *gray, u32 width, u32 height, double scale, u8 *picture) {
    Axis across, down;
    double sums[SIDE][SIDE] = {{0}};
    if (!measure(gray, width, height, &across, &down)) return 0;
    u32 box_width = across.end - across.start, box_height = down.end - down.start;
    if (!scale) scale = (double)(box_width > box_height ? box_width : box_height) / FIT;
    fit(&across, scale);
    fit(&down, scale);
    for (u32 y = 0; y < height; y++) {
        double row[SIDE] = {0};
        for (u32 i = 0; i < SIDE; i++) {
            for (u32 x = first_source(&across, i); x < last_source(&across, i, width); x++)
                if (gray[y * width + x]) row[i] += gray[y * width + x] * weight(&across, i, x);
            row[i] /= across.totals[i];
        }
        for (u32 k = 0; k < SIDE; k++) {
            double share = weight(&down, k, y) / down.totals[k];
            if (share > 0)
                for (u32 i = 0; i < SIDE; i++) sums[k][i] += share * row[i];
        }
    }
    for (u32 k = 0; k < SIDE; k++)
        for (u32 i = 0; i < SIDE; i++) {
            double value = sums[k][i] + 0.5;
            picture[k * SIDE + i] = value < 255 ? (u8)value : 255;
        }
    return 1;
}

/* gray (height, width) u8 to picture (28, 28) u8. Returns 0, and leaves the picture alone, if nothing is drawn. */
EXPORT(normalise)
u32 normalise(const u8 *gray, u32 width, u32 height, u8 *picture) { return place_ink(gray, width, height, 0, picture); }

static double spread(double mass, double first, double second) { return mass ? second - first * first / mass : 0; }

/* Of a picture (28, 28) u8: its length as a vector of 784 numbers from 0 to 1, and how far its ink spreads from its middle, down
   and across, as the sum of the squares of the distances. */
EXPORT(measure_ink)
void measure_ink(const u8 *picture, float *found) {
    double squares = 0, mass = 0, down = 0, down_squares = 0, across = 0, across_squares = 0;
    for (u32 y = 0; y < SIDE; y++)
        for (u32 x = 0; x < SIDE; x++) {
            double value = picture[y * SIDE + x];
            squares += value * value, mass += value;
            down += value * y, down_squares += value * y * y;
            across += value * x, across_squares += value * x * x;
        }
    found[0] = (float)(__builtin_sqrt(squares) / 255);
    found[1] = (float)spread(mass, down, down_squares);
    found[2] = (float)spread(mass, across, across_squares);
}

#pragma clang attribute pop
