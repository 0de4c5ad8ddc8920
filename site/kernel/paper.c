/* Telling ink from paper: the colours of a picture become ink, 0 for paper to 255, whatever the colours of both.

   Paper is what most of the picture is made of, ink what differs from it; grain, and light that falls unevenly, are told
   from ink by how much the paper itself varies. The API does the same in Python: functions/paper.py says how and why.
   Medians and percentiles are counted in bins, `FINE` to each step of a byte, so that no pixel is sorted. */
#include "scrawl.h"

/* Done once for an image: as small as can be, not as fast. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define FINE 8
#define BINS (256 * FINE)
#define TERMS 6 /* 1, x, y, x², xy, y²: paper whose brightness changes from place to place */
#define COLOURS 3
#define INK 25.5
#define GRAIN 4.0    /* standard deviations of the paper's own variation that are not ink */
#define SPREAD 1.4826 /* from the median of differences to their standard deviation */
#define SAMPLES 20000 /* pixels that the paper is judged by */

typedef struct {
    const u8 *rgba;
    u32 width, height;
    double fit[COLOURS][TERMS]; /* the paper's colour at each place */
} Paper;

static double magnitude(double x) { return x < 0 ? -x : x; }

/* The value below which a share of all counted lies, in steps of a byte. */
static double quantile(const u32 *bins, double share) {
    u32 total = 0, below = 0, bin = 0;
    for (u32 i = 0; i < BINS; i++) total += bins[i];
    while (bin < BINS - 1 && below + bins[bin] <= share * (total - 1)) below += bins[bin++];
    return (double)bin / FINE;
}

/* Put a picture with transparent places upon its own paper, or upon what its ink stands out from. */
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

/* How much a pixel differs from the paper, in the colour in which it does so most. */
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

/* How much paper varies, as a standard deviation: half of the picture at least is paper. */
static double spread(const Paper *paper, u32 step) {
    u32 bins[BINS] = {0};
    for (u32 i = 0; i < paper->width * paper->height; i += step) bins[bin_of(difference(paper, i))]++;
    return SPREAD * quantile(bins, 0.5);
}

/* The paper has one colour: the one in the middle of all. */
static void level(Paper *paper, u32 step) {
    for (u32 c = 0; c < COLOURS; c++) {
        u32 bins[BINS] = {0};
        for (u32 i = 0; i < paper->width * paper->height; i += step) bins[paper->rgba[4 * i + c] * FINE]++;
        for (u32 t = 0; t < TERMS; t++) paper->fit[c][t] = 0;
        paper->fit[c][0] = quantile(bins, 0.5);
    }
}

/* Solve a (TERMS, TERMS + COLOURS) system by elimination; directions that nothing is known of stay zero. */
static void solve(double system[TERMS][TERMS + COLOURS]) {
    for (u32 t = 0; t < TERMS; t++) {
        u32 best = t;
        for (u32 r = t; r < TERMS; r++)
            if (magnitude(system[r][t]) > magnitude(system[best][t])) best = r;
        double pivot = system[best][t];
        for (u32 k = 0; k < TERMS + COLOURS; k++) {
            double kept = system[t][k];
            system[t][k] = magnitude(pivot) > 1e-9 ? system[best][k] / pivot : 0;
            system[best][k] = best == t ? system[t][k] : kept;
        }
        for (u32 r = 0; r < TERMS; r++) {
            double factor = r == t ? 0 : system[r][t];
            for (u32 k = 0; k < TERMS + COLOURS; k++) system[r][k] -= factor * system[t][k];
        }
    }
}

/* Fit the paper's colours by least squares to the pixels that differ from what is known of it by at most `limit`. */
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

/* Ink from 0 at the floor to 255 at full; too little contrast is left as it is, for that is blank. Written over the
   colours: the ink of pixel i takes the place of a byte that has been read. */
static void stretch(const Paper *paper, u8 *ink, double floor, double full) {
    for (u32 i = 0; i < paper->width * paper->height; i++) {
        double value = difference(paper, i);
        if (full >= INK) value = 255 * (value - floor) / (full - floor);
        ink[i] = value <= 0 ? 0 : value >= 255 ? 255 : (u8)(value + 0.5);
    }
}

/* rgba (height, width, 4) u8, overwritten with ink (height, width) u8. Returns 0 where nothing stands out from the paper. */
EXPORT(ink_of)
u32 ink_of(u8 *rgba, u32 width, u32 height) {
    Paper paper = {rgba, width, height, {{0}}};
    u32 count = width * height, step = count > SAMPLES ? count / SAMPLES : 1, bins[BINS] = {0}, inked = 0;
    compose(rgba, count);
    level(&paper, step);
    double grain = spread(&paper, step), most = 0;
    if (grain == 0) {
        for (u32 i = 0; i < count; i++) most = difference(&paper, i) > most ? difference(&paper, i) : most;
        stretch(&paper, rgba, 0, most);
        return most >= INK;
    }
    double limit = 3 * grain;
    for (u32 round = 0; round < 3; round++) { /* fit, and leave out what turns out to be ink */
        fit_surface(&paper, step, limit);
        limit = 3 * spread(&paper, step) + 1e-4;
    }
    double floor = GRAIN * spread(&paper, step), least = floor > INK ? floor : INK;
    for (u32 i = 0; i < count; i++) {
        double value = difference(&paper, i);
        if (value > least) bins[bin_of(value)]++, inked++;
    }
    if (inked < 5) return 0;
    stretch(&paper, rgba, floor, quantile(bins, 0.9));
    return 1;
}

#pragma clang attribute pop
