/* What telling ink from paper is split over: paper.c has clean paper and fits the light, photo.c has grainy paper, figure.c
   finds the digit among the ink, stroke_width.c changes strokes. */
#ifndef PAPER_H
#define PAPER_H

#include "scrawl.h"

#define FINE 8
#define BINS (256 * FINE)
#define TERMS 6 /* 1, x, y, x², xy, y²: paper whose brightness changes from place to place */
#define COLOURS 3
#define GRAIN 4.0     /* standard deviations of the paper's own variation that are not ink */
#define COARSEST 25.5 /* paper that seems to vary more than this fills less than half of the picture */
#define SPREAD 1.4826 /* from the median of differences to their standard deviation */

typedef struct {
    u8 *rgba;
    u32 width, height;
    double fit[COLOURS][TERMS]; /* the paper's colour at each place */
} Paper;

static inline double magnitude(double x) { return x < 0 ? -x : x; }
static inline u32 bin_of(double value) { return value < 255 ? (u32)(value * FINE + 0.5) : BINS - 1; }
static inline u8 share_of_255(double value) { return value <= 0 ? 0 : value >= 1 ? 255 : (u8)(255 * value + 0.5); }

/* The value that a share of all counted ones lies below, in steps of a byte. */
double quantile(const u32 *bins, double share);
void terms_at(const Paper *paper, u32 i, double *terms);
/* How much a pixel differs from the paper, in the colour that differs most. */
double difference(const Paper *paper, u32 i);
/* Writes ink and returns 1; 0 where there is no ink, and -1 where ink seems to fill most of the picture. */
int ink_on_grainy_paper(Paper *paper, u32 step);
/* ink (height, width) u8 stays where it is the digit's. `scratch` has room for a number of 16 bits for each pixel. */
void keep_figure(u8 *ink, u32 width, u32 height, void *scratch);
/* Strokes that are clearly thinner or thicker than MNIST's become so; `scratch` has room for as much ink. */
void even_strokes(u8 *ink, u32 width, u32 height, u8 *scratch);

#endif
