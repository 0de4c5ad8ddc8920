/* Separates ink from paper: turns a picture's colours into ink, 0 for paper to 255, whatever the colours of both.

   Most of the picture is paper; ink is what differs from it, and in a photo, what is narrow, too. How much the paper itself
   varies decides what is grain or uneven light, not ink. The API does the same in Python: functions/images/ink.py explains
   how and why. It also looks at a sheet of paper on a table alone, which is not done here.
   Medians and percentiles are counted in bins, `FINE` to each step of a byte, so that no pixel is sorted. */
#include "paper.h"

/* This runs once for an image, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define FAINTEST 6.375 /* ink on clean paper stands out at least so much */
#define EXACT 0.15    /* part of a picture that has exactly one colour, if a drawing fills it */
#define FAINT_CONTRAST 38.25 /* ink that stands out less than this deserves a caution */
#define SAMPLES 5000  /* pixels that are measured to find the paper */

double quantile(const u32 *bins, double share) {
    u32 total = 0, below = 0, bin = 0;
    for (u32 i = 0; i < BINS; i++) total += bins[i];
    while (bin < BINS - 1 && below + bins[bin] <= share * (total - 1)) below += bins[bin++];
    return (double)bin / FINE;
}

/* Whether any pixel is not transparent; where none is, programs hid a drawing. */
static int is_visible(const u8 *rgba, u32 count) {
    for (u32 i = 0; i < count; i++)
        if (rgba[4 * i + 3]) return 1;
    return 0;
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

void terms_at(const Paper *paper, u32 i, double *terms) {
    u32 w = paper->width, h = paper->height;
    double x = w > 1 ? 2.0 * (i % w) / (w - 1) - 1 : -1, y = h > 1 ? 2.0 * (i / w) / (h - 1) - 1 : -1;
    terms[0] = 1, terms[1] = x, terms[2] = y, terms[3] = x * x, terms[4] = x * y, terms[5] = y * y;
}

double difference(const Paper *paper, u32 i) {
    double terms[TERMS], most = 0;
    terms_at(paper, i, terms);
    for (u32 c = 0; c < COLOURS; c++) {
        double away = paper->rgba[4 * i + c];
        for (u32 t = 0; t < TERMS; t++) away -= paper->fit[c][t] * terms[t];
        if (magnitude(away) > most) most = magnitude(away);
    }
    return most;
}

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

/* The paper has one colour, and whatever differs from it is ink. */
static int ink_on_clean_paper(Paper *paper) {
    double most = 0;
    for (u32 i = 0; i < paper->width * paper->height; i++) {
        double value = difference(paper, i);
        most = value > most ? value : most;
    }
    if (most < FAINTEST) return 0;
    for (u32 i = 0; i < paper->width * paper->height; i++) paper->rgba[i] = share_of_255(difference(paper, i) / most);
    paper->contrast = most, paper->faintest = INK;
    return finds_sheet(paper, paper->rgba, 1, INK) ? SHEET : 1;
}

/* Whether so many pixels have exactly the paper's colour that it is a clean drawing which fills the picture. */
static int is_tight(const Paper *paper) {
    u32 same = 0, count = paper->width * paper->height;
    for (u32 i = 0; i < count; i++) same += difference(paper, i) == 0;
    return same >= EXACT * count;
}

static int ink_anywhere(Paper *paper, u32 step) {
    level(paper, step);
    double grain = spread(paper, step);
    if (grain == 0) return ink_on_clean_paper(paper);
    if (grain > COARSEST) {
        level_of_corners(paper);
        if (is_tight(paper)) return ink_on_clean_paper(paper);
        level(paper, step);
    }
    for (u32 round = 0; round < 4; round++) /* fit, and leave out what turns out to be ink */
        fit_surface(paper, step, 3 * spread(paper, step) + 1e-4);
    int found = ink_on_grainy_paper(paper, step);
    if (found >= 0) return found;
    for (u32 i = 0; i < paper->width * paper->height; i++) paper->rgba[4 * i + 2] = paper->rgba[4 * i + 1];
    level(paper, step), level_of_corners(paper);
    return ink_on_clean_paper(paper);
}

/* Find the ink in a part of the picture; work starts with room for the coarse grid. */
static int ink_in(const u8 *rgba, u32 width, Box part, int sheets, u8 *work, Finding *found) {
    Paper paper = {work + 2 * GRID * GRID, part.right - part.left, part.bottom - part.top, {{0}}, (u16 *)work, sheets, part, 0, 0};
    u32 count = paper.width * paper.height, step = count > SAMPLES ? count / SAMPLES | 1 : 1;
    for (u32 i = 0; i < 4 * count; i++) {
        u32 y = part.top + i / 4 / paper.width, x = part.left + i / 4 % paper.width;
        paper.rgba[i] = rgba[4 * (y * width + x) + i % 4];
    }
    if (is_visible(paper.rgba, count)) compose(paper.rgba, count);
    int ink = ink_anywhere(&paper, step);
    if (ink == SHEET) {
        Box inner = {part.top + paper.sheet.top, part.top + paper.sheet.bottom, part.left + paper.sheet.left, part.left + paper.sheet.right};
        return ink_in(rgba, width, inner, sheets - 1, work, found) || ink_in(rgba, width, part, 0, work, found);
    }
    if (ink <= 0) return 0;
    *found = (Finding){paper.contrast < FAINT_CONTRAST ? FAINT : 0, paper.width, paper.height, 0, {0}};
    keep_figure(&paper, paper.rgba, found);
    even_strokes(paper.rgba, paper.width, paper.height, paper.rgba + count);
    for (u32 i = 0; i < count; i++) work[i] = paper.rgba[i];
    return 1;
}

/* rgba (height, width, 4) u8 to the digit's ink, (found->height, found->width) u8, at the start of `work`, which has room for
   as many bytes as rgba and 2 * GRID * GRID more. Returns 0 where nothing stands out from the paper. A picture should not be
   larger than the 320 pixels to which the API averages grainy ones. */
EXPORT(ink_of)
u32 ink_of(const u8 *rgba, u32 width, u32 height, u8 *work, Finding *found) {
    return ink_in(rgba, width, (Box){0, height, 0, width}, 2, work, found);
}

#pragma clang attribute pop
