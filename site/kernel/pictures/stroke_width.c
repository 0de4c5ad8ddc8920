/* Makes strokes about as wide as MNIST's: a hair line or a broad marker becomes what the networks have learned from.

   The API does the same in Python: functions/images/stroke_width.py explains how and why. Here ink is 255. */
#include "paper.h"

/* This runs once for an image, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define COARSE 40    /* pixels of ink: larger ink is averaged down to it when strokes are measured */
#define FIT 20       /* pixels of the field that a digit is fitted into */
#define THINNEST 1.65 /* in pixels of that field */
#define THICKEST 4.8
#define THIN 1.9 /* what strokes beyond become */
#define THICK 4.4

typedef struct {
    u32 width, height;
    u8 beyond; /* the value around the picture */
} Plane;

static u8 at(const u8 *ink, const Plane *plane, u32 x, u32 y) {
    return x < plane->width && y < plane->height ? ink[y * plane->width + x] : plane->beyond;
}

/* The longer side of the box around the ink. */
static u32 size_of_ink(const u8 *ink, const Plane *plane) {
    u32 left = plane->width, right = 0, top = plane->height, bottom = 0;
    for (u32 y = 0; y < plane->height; y++)
        for (u32 x = 0; x < plane->width; x++) {
            if (ink[y * plane->width + x] < INK) continue;
            if (x < left) left = x;
            if (x >= right) right = x + 1;
            if (y < top) top = y;
            bottom = y + 1;
        }
    return right <= left ? 0 : right - left > bottom - top ? right - left : bottom - top;
}

/* The mean of a block, so that an outline is not measured along the pixels' corners. */
static double mean_at(const u8 *ink, const Plane *plane, u32 cell, int x, int y) {
    u32 sum = 0;
    for (u32 v = 0; v < cell; v++)
        for (u32 u = 0; u < cell; u++) sum += at(ink, plane, x * (int)cell + u, y * (int)cell + v);
    return (double)sum / (cell * cell);
}

/* Twice the area by the outline, in the picture's pixels. */
static double stroke_width(const u8 *ink, const Plane *plane, u32 cell) {
    double area = 0, outline = 0;
    for (u32 y = 0; y <= (plane->height + cell - 1) / cell; y++)
        for (u32 x = 0; x <= (plane->width + cell - 1) / cell; x++) {
            double here = mean_at(ink, plane, cell, x, y);
            double across = here - mean_at(ink, plane, cell, x - 1, y), down = here - mean_at(ink, plane, cell, x, y - 1);
            area += here;
            outline += __builtin_sqrt(across * across + down * down);
        }
    return 2 * area / outline * cell;
}

/* Each pixel becomes the maximum of itself and its neighbours, which count for less. `flip` is 255 to do so with the paper. */
static void widen(const u8 *ink, u8 *out, const Plane *plane, double beside, double diagonal, u8 flip) {
    for (u32 y = 0; y < plane->height; y++)
        for (u32 x = 0; x < plane->width; x++) {
            double most = at(ink, plane, x, y) ^ flip;
            for (int v = -1; v <= 1; v++)
                for (int u = -1; u <= 1; u++) {
                    double value = (at(ink, plane, x + u, y + v) ^ flip) * (u && v ? diagonal : beside);
                    if ((u || v) && value > most) most = value;
                }
            out[y * plane->width + x] = (u8)(most + 0.5) ^ flip;
        }
}

void even_strokes(u8 *ink, u32 width, u32 height, u8 *scratch) {
    Plane plane = {width, height, 0};
    u32 size = size_of_ink(ink, &plane), cell = size / COARSE > 1 ? size / COARSE : 1;
    if (!size) return;
    double scale = (double)size / FIT, now = stroke_width(ink, &plane, cell) / scale;
    double wanted = now < THINNEST ? THIN : THICK;
    if (now >= THINNEST && now <= THICKEST) return;
    double reach = magnitude(wanted - now) / 2 * scale; /* on each side, in steps of at most a pixel */
    u32 steps = (u32)__builtin_ceil(reach);
    double part = reach / steps, diagonal = part > 0.414 ? part - 0.414 : 0;
    for (u32 step = 0; step < steps; step++) { /* a square step after a round one */
        widen(ink, scratch, &plane, part, step % 2 ? part : diagonal, wanted < now ? 255 : 0);
        for (u32 i = 0; i < width * height; i++) ink[i] = scratch[i];
    }
}

#pragma clang attribute pop
