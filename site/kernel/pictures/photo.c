/* Finds ink on grainy paper, as in a photo: what is narrow, and stands out from the light more than the grain does.

   functions/images/ink.py explains how and why. paper.c has fitted the light before. */
#include "paper.h"

/* This runs once for an image, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define WIDE 0.3     /* of the shorter side: nothing this wide in both directions is a stroke */
#define NARROWEST 16 /* pixels: in a picture with a shorter side than this, all is narrow */
#define LONGEST 2048 /* side of a picture */

/* How much a pixel stands out is kept in a byte, STEPS to the whole range, where paper is at ZERO before wide things are taken
   away and at PAPER after that. */
#define STEPS (200 / 255.0)
#define ZERO 55
#define PAPER 20

/* What the bytes of a pixel are used for, besides red and green. */
enum { MARKS = 1, WIDTH = 2, STANDS_OUT = 3 };
enum { INKED = 1, SOLID = 2, GROWN = 4 };

/* Write how much each pixel stands out from the paper's light, in the direction from the paper's colour to the ink's, which is
   that of the pixels that differ most. */
static void project(Paper *paper, u32 step) {
    u32 bins[BINS] = {0}, count = paper->width * paper->height;
    double colour[COLOURS] = {0}, light[TERMS] = {0}, terms[TERMS], square = 1e-9, most = 0, strongest;
    for (u32 i = 0; i < count; i += step) bins[bin_of(difference(paper, i))]++;
    strongest = quantile(bins, 0.97);
    for (u32 i = 0; i < count; i += step) {
        double away = difference(paper, i);
        if (bin_of(away) < strongest * FINE) continue;
        terms_at(paper, i, terms);
        for (u32 c = 0; c < COLOURS; c++) {
            double value = paper->rgba[4 * i + c];
            for (u32 t = 0; t < TERMS; t++) value -= paper->fit[c][t] * terms[t];
            colour[c] += value * away;
        }
    }
    for (u32 c = 0; c < COLOURS; c++) {
        square += colour[c] * colour[c];
        if (magnitude(colour[c]) > most) most = magnitude(colour[c]);
    }
    for (u32 c = 0; c < COLOURS; c++) {
        colour[c] *= most / square;
        for (u32 t = 0; t < TERMS; t++) light[t] += colour[c] * paper->fit[c][t];
    }
    for (u32 i = 0; i < count; i++) {
        double value = 0;
        terms_at(paper, i, terms);
        for (u32 c = 0; c < COLOURS; c++) value += colour[c] * paper->rgba[4 * i + c];
        for (u32 t = 0; t < TERMS; t++) value -= light[t] * terms[t];
        value = value * STEPS + ZERO;
        paper->rgba[4 * i + STANDS_OUT] = value <= 0 ? 0 : value >= 255 ? 255 : (u8)value;
    }
}

/* Replace `count` bytes, `stride` apart, by the lowest within `reach`: by the highest where `flip` is 255. */
static void lowest(u8 *bytes, u32 count, u32 stride, u32 reach, u8 flip) {
    u8 line[2 * LONGEST];
    u32 length = count + 2 * reach;
    for (u32 i = 0; i < length; i++) line[i] = i < reach || i >= count + reach ? 255 : bytes[(i - reach) * stride] ^ flip;
    for (u32 width = 1, step; width < 2 * reach + 1; width += step) {
        step = width < 2 * reach + 1 - width ? width : 2 * reach + 1 - width;
        for (u32 i = 0; i + step < length; i++)
            if (line[i + step] < line[i]) line[i] = line[i + step];
    }
    for (u32 i = 0; i < count; i++) bytes[i * stride] = line[i] ^ flip;
}

/* Take away everything that a square of `WIDE` fits into. */
static void take_wide_things_away(Paper *paper) {
    u32 w = paper->width, h = paper->height, reach = (u32)(WIDE * (w < h ? w : h) / 2);
    u8 *wide = paper->rgba + WIDTH, *out = paper->rgba + STANDS_OUT;
    for (u32 i = 0; i < w * h; i++) { /* the mean of nine, so that grain does not count as narrow */
        u32 x = i % w, y = i / w, sum = 0;
        for (int v = -1; v <= 1; v++)
            for (int u = -1; u <= 1; u++) {
                u32 column = (u < 0 && !x) || (u > 0 && x == w - 1) ? x : x + u;
                u32 row = (v < 0 && !y) || (v > 0 && y == h - 1) ? y : y + v;
                sum += out[4 * (row * w + column)];
            }
        wide[4 * i] = sum / 9;
    }
    int narrow = w < NARROWEST || h < NARROWEST;
    for (u32 i = 0; narrow && i < w * h; i++) wide[4 * i] = ZERO;
    for (u32 highest = 0; !narrow && highest < 2; highest++) {
        for (u32 x = 0; x < w; x++) lowest(wide + 4 * x, h, 4 * w, reach, highest ? 255 : 0);
        for (u32 y = 0; y < h; y++) lowest(wide + 4 * w * y, w, 4, reach, highest ? 255 : 0);
    }
    for (u32 i = 0; i < w * h; i++) {
        int value = out[4 * i] - wide[4 * i] + PAPER;
        out[4 * i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
}

/* How many pixels are marked in the square around one, itself included. */
static u32 around(const Paper *paper, u32 i, u32 reach, u8 mark) {
    u32 w = paper->width, h = paper->height, x = i % w, y = i / w, found = 0;
    for (u32 v = y < reach ? 0 : y - reach; v <= y + reach && v < h; v++)
        for (u32 u = x < reach ? 0 : x - reach; u <= x + reach && u < w; u++)
            found += (paper->rgba[4 * (v * w + u) + MARKS] & mark) != 0;
    return found;
}

/* Mark what stands out by more than `least`, without specks of grain, and with its soft edges. Returns what counts as full
   ink, 0 if there is none. */
static double mark_ink(Paper *paper, double least) {
    u32 count = paper->width * paper->height, bins[BINS] = {0}, solid = 0;
    u8 *pixel = paper->rgba;
    for (u32 i = 0; i < count; i++) pixel[4 * i + MARKS] = pixel[4 * i + STANDS_OUT] > least ? INKED : 0;
    for (u32 i = 0; i < count; i++)
        if (pixel[4 * i + MARKS] && around(paper, i, 2, INKED) >= 5)
            pixel[4 * i + MARKS] |= SOLID, bins[pixel[4 * i + STANDS_OUT] * FINE]++, solid++;
    for (u32 i = 0; i < count; i++)
        if (around(paper, i, 1, SOLID)) pixel[4 * i + MARKS] |= GROWN;
    return solid ? quantile(bins, 0.7) : 0;
}

/* Ink is narrow and stands out more than the grain. Returns 0 where there is none, and -1 where ink seems to fill most of the
   picture. It is written over the pixels: that of pixel i replaces a byte that has been read already. */
int ink_on_grainy_paper(Paper *paper, u32 step) {
    u32 count = paper->width * paper->height, bins[BINS] = {0}, spreads[BINS] = {0};
    u8 *pixel = paper->rgba;
    project(paper, step);
    for (u32 i = 0; i < count; i += step) bins[pixel[4 * i + STANDS_OUT] * FINE]++;
    double standing = (quantile(bins, 0.95) - ZERO) / 2; /* what is less is light, not another paper */
    if (finds_sheet(paper, pixel + STANDS_OUT, 4, ZERO + 1 + (int)(standing > 30 ? standing : 30))) return SHEET;
    for (u32 bin = 0; bin < BINS; bin++) bins[bin] = 0;
    take_wide_things_away(paper);
    for (u32 i = 0; i < count; i += step) bins[pixel[4 * i + STANDS_OUT] * FINE]++;
    double median = quantile(bins, 0.5);
    for (u32 i = 0; i < count; i += step) spreads[(u32)(magnitude(pixel[4 * i + STANDS_OUT] - median) * FINE)]++;
    double grain = SPREAD * quantile(spreads, 0.5), floor = median + GRAIN * grain;
    if (grain > COARSEST * STEPS) return -1;
    double full = mark_ink(paper, floor > PAPER + 25.5 * STEPS ? floor : PAPER + 25.5 * STEPS);
    if (!full) return 0;
    paper->contrast = (full - median) / STEPS, paper->faintest = STROKE;
    if (floor < median + 0.2 * (full - median)) floor = median + 0.2 * (full - median);
    for (u32 i = 0; i < count; i++)
        pixel[i] = pixel[4 * i + MARKS] & GROWN ? share_of_255((pixel[4 * i + STANDS_OUT] - floor) / (full - floor)) : 0;
    return 1;
}

#pragma clang attribute pop
