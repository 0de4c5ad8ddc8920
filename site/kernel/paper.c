/* Separates ink from paper: turns a picture's colours into ink, 0 for paper to 255, whatever the colours of both.

   Most of the picture is paper; ink is what differs from it. How much the paper itself varies decides what is grain or
   uneven light, not ink. The API does the same in Python: functions/images/ink.py explains how and why.
   Medians and percentiles are counted in bins, `FINE` to each step of a byte, so that no pixel is sorted. */
#include "scrawl.h"

/* This runs once for an image, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define FINE 8
#define BINS (256 * FINE)
#define TERMS 6 /* 1, x, y, x², xy, y²: paper whose brightness changes from place to place */
#define COLOURS 3
#define INK 25.5
#define GRAIN 4.0     /* standard deviations of the paper's own variation that are not ink */
#define COARSEST 25.5 /* paper that seems to vary more than this fills less than half of the picture */
#define SPREAD 1.4826 /* from the median of differences to their standard deviation */
#define SAMPLES 5000 /* pixels that are measured to find the paper */

/* Marks of a pixel on grainy paper; they replace its opacity, which is not needed any more. */
enum { INKED = 1, SOLID = 2, GROWN = 4 };

typedef struct {
    u8 *rgba;
    u32 width, height;
    double fit[COLOURS][TERMS]; /* the paper's colour at each place */
} Paper;

static double magnitude(double x) { return x < 0 ? -x : x; }

/* The value that a share of all counted ones lies below, in steps of a byte. */
static double quantile(const u32 *bins, double share) {
    u32 total = 0, below = 0, bin = 0;
    for (u32 i = 0; i < BINS; i++) total += bins[i];
    while (bin < BINS - 1 && below + bins[bin] <= share * (total - 1)) below += bins[bin++];
    return (double)bin / FINE;
}

/* Put a picture with transparent places onto paper: its own, or a colour that its ink stands out from. */
static void compose(u8 *rgba, u32 count) {
    u32 bins[BINS] = {0};
    double light = 0, opaque = 0, ground[COLOURS];
    for (u32 i = 0; i < count; i++) bins[rgba[4 * i + 3] * FINE]++;
    int paper = quantile(bins, 0.5) >= 127.5;
    for (u32 c = 0; c < COLOURS; c++) {
        u32 seen[BINS] = {0};
        for (u32 i = 0; i < count; i++) {
            u32 opacity = rgba[4 * i + 3];
            light += (double)rgba[4 * i + c] * opacity, opaque += opacity;
            if (opacity > 127) seen[rgba[4 * i + c] * FINE]++;
        }
        ground[c] = quantile(seen, 0.5);
    }
    if (!paper) ground[0] = ground[1] = ground[2] = light < 127.5 * opaque ? 255 : 0;
    for (u32 i = 0; i < count; i++)
        for (u32 c = 0; c < COLOURS; c++) {
            double share = rgba[4 * i + 3] / 255.0;
            rgba[4 * i + c] = (u8)(rgba[4 * i + c] * share + ground[c] * (1 - share) + 0.5);
        }
}

static void terms_at(const Paper *paper, u32 i, double *terms) {
    u32 w = paper->width, h = paper->height;
    double x = w > 1 ? 2.0 * (i % w) / (w - 1) - 1 : -1, y = h > 1 ? 2.0 * (i / w) / (h - 1) - 1 : -1;
    terms[0] = 1, terms[1] = x, terms[2] = y, terms[3] = x * x, terms[4] = x * y, terms[5] = y * y;
}

/* How much a pixel differs from the paper, in the colour that differs most. */
static double difference(const Paper *paper, u32 i) {
    double terms[TERMS], most = 0;
    terms_at(paper, i, terms);
    for (u32 c = 0; c < COLOURS; c++) {
        double away = paper->rgba[4 * i + c];
        for (u32 t = 0; t < TERMS; t++) away -= paper->fit[c][t] * terms[t];
        if (magnitude(away) > most) most = magnitude(away);
    }
    return most;
}

static u32 bin_of(double value) { return value < 255 ? (u32)(value * FINE + 0.5) : BINS - 1; }

/* How much paper varies, as a standard deviation: at least half of the picture is paper. */
static double spread(const Paper *paper, u32 step) {
    u32 bins[BINS] = {0};
    for (u32 i = 0; i < paper->width * paper->height; i += step) bins[bin_of(difference(paper, i))]++;
    return SPREAD * quantile(bins, 0.5);
}

/* The paper has one colour: the median of all pixels. */
static void level(Paper *paper, u32 step) {
    for (u32 c = 0; c < COLOURS; c++) {
        u32 bins[BINS] = {0};
        for (u32 i = 0; i < paper->width * paper->height; i += step) bins[paper->rgba[4 * i + c] * FINE]++;
        for (u32 t = 0; t < TERMS; t++) paper->fit[c][t] = 0;
        paper->fit[c][0] = quantile(bins, 0.5);
    }
}

/* The paper has the lightest or the darkest colour, whichever is more like the corners. For digits that are cut out tightly. */
static void level_of_corners(Paper *paper) {
    const u8 *p = paper->rgba;
    u32 count = paper->width * paper->height, low = 0, high = 0, last = paper->width - 1;
    u32 corner[4] = {0, last, count - 1 - last, count - 1};
    double light[2] = {1e9, -1}, corners = 0;
    for (u32 i = 0; i < count; i++) {
        double sum = p[4 * i] + p[4 * i + 1] + p[4 * i + 2];
        if (sum < light[0]) light[0] = sum, low = i;
        if (sum > light[1]) light[1] = sum, high = i;
    }
    for (u32 k = 0; k < 4; k++) corners += (p[4 * corner[k]] + p[4 * corner[k] + 1] + p[4 * corner[k] + 2]) / 4.0;
    u32 place = corners - light[0] < light[1] - corners ? low : high;
    for (u32 c = 0; c < COLOURS; c++) paper->fit[c][0] = p[4 * place + c];
}

/* Solve a (TERMS, TERMS + COLOURS) system by elimination; unknowns that no pixel determines stay zero. */
static void solve(double system[TERMS][TERMS + COLOURS]) {
    for (u32 t = 0; t < TERMS; t++) {
        u32 best = t;
        for (u32 r = t; r < TERMS; r++)
            if (magnitude(system[r][t]) > magnitude(system[best][t]) + 1e-9) best = r;
        double pivot = system[best][t];
        for (u32 k = 0; k < TERMS + COLOURS; k++) {
            double pivotal = system[best][k];
            system[best][k] = system[t][k];
            system[t][k] = magnitude(pivot) > 1e-9 ? pivotal / pivot : 0;
        }
        for (u32 r = 0; r < TERMS; r++) {
            double factor = r == t ? 0 : system[r][t];
            for (u32 k = 0; k < TERMS + COLOURS; k++) system[r][k] -= factor * system[t][k];
        }
    }
}

/* Fit the paper's colours by least squares to the pixels that differ from the fit so far by at most `limit`. */
static void fit_surface(Paper *paper, u32 step, double limit) {
    double system[TERMS][TERMS + COLOURS] = {{0}}, terms[TERMS];
    for (u32 i = 0; i < paper->width * paper->height; i += step) {
        if (difference(paper, i) > limit) continue;
        terms_at(paper, i, terms);
        for (u32 r = 0; r < TERMS; r++) {
            for (u32 t = 0; t < TERMS; t++) system[r][t] += terms[r] * terms[t];
            for (u32 c = 0; c < COLOURS; c++) system[r][TERMS + c] += terms[r] * paper->rgba[4 * i + c];
        }
    }
    solve(system);
    for (u32 c = 0; c < COLOURS; c++)
        for (u32 t = 0; t < TERMS; t++) paper->fit[c][t] = system[t][TERMS + c];
}

/* How many pixels are marked in the square around one, itself included. */
static u32 around(const Paper *paper, u32 i, u32 reach, u8 mark) {
    u32 w = paper->width, h = paper->height, x = i % w, y = i / w, found = 0;
    for (u32 v = y < reach ? 0 : y - reach; v <= y + reach && v < h; v++)
        for (u32 u = x < reach ? 0 : x - reach; u <= x + reach && u < w; u++)
            found += (paper->rgba[4 * (v * w + u) + 3] & mark) != 0;
    return found;
}

/* Mark what differs by more than `least` from the paper, without specks of grain, and with its soft edges. Returns what
   counts as full ink, 0 if there is none. */
static double mark_ink(Paper *paper, double least) {
    u32 count = paper->width * paper->height, bins[BINS] = {0}, solid = 0;
    u8 *marks = paper->rgba + 3;
    for (u32 i = 0; i < count; i++) marks[4 * i] = difference(paper, i) > least ? INKED : 0;
    for (u32 i = 0; i < count; i++)
        if (marks[4 * i] && around(paper, i, 2, INKED) >= 5)
            marks[4 * i] |= SOLID, bins[bin_of(difference(paper, i))]++, solid++;
    for (u32 i = 0; i < count; i++)
        if (around(paper, i, 1, SOLID)) marks[4 * i] |= GROWN;
    return solid ? quantile(bins, 0.9) : 0;
}

/* Write ink, from 0 at the floor to 255 at full, where a pixel has all marks of `needed`. Too little contrast is not stretched:
   it is blank. Ink is written over the colours: that of pixel i replaces a byte that has been read already. */
static void stretch(const Paper *paper, u8 *ink, double floor, double full, u8 needed) {
    for (u32 i = 0; i < paper->width * paper->height; i++) {
        double value = (paper->rgba[4 * i + 3] & needed) == needed ? difference(paper, i) : 0;
        if (full >= INK) value = 255 * (value - floor) / (full - floor);
        ink[i] = value <= 0 ? 0 : value >= 255 ? 255 : (u8)(value + 0.5);
    }
}

/* The paper has one colour, and whatever differs from it is ink. */
static u32 ink_on_clean_paper(Paper *paper) {
    double most = 0;
    for (u32 i = 0; i < paper->width * paper->height; i++) {
        double value = difference(paper, i);
        most = value > most ? value : most;
    }
    stretch(paper, paper->rgba, 0, most, 0);
    return most >= INK;
}

/* rgba (height, width, 4) u8, overwritten with ink (height, width) u8. Returns 0 where nothing stands out from the paper.
   A picture should not be larger than the 320 pixels to which the API averages grainy ones. */
EXPORT(ink_of)
u32 ink_of(u8 *rgba, u32 width, u32 height) {
    Paper paper = {rgba, width, height, {{0}}};
    u32 count = width * height, step = count > SAMPLES ? count / SAMPLES : 1;
    compose(rgba, count);
    level(&paper, step);
    double grain = spread(&paper, step);
    if (grain > COARSEST) level_of_corners(&paper);
    if (grain == 0 || grain > COARSEST) return ink_on_clean_paper(&paper);
    for (u32 round = 0; round < 4; round++) /* fit, and leave out what turns out to be ink */
        fit_surface(&paper, step, 3 * spread(&paper, step) + 1e-4);
    double floor = GRAIN * spread(&paper, step), full = mark_ink(&paper, floor > INK ? floor : INK);
    if (!full) return 0;
    stretch(&paper, rgba, floor, full, GROWN);
    return 1;
}

#pragma clang attribute pop
