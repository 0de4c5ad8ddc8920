/* What telling ink from paper is split over: paper.c has clean paper and fits the light, photo.c has grainy paper, figure.c
   finds the digit among the ink, lines.c the paper's lines, stroke_width.c changes strokes. */
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

#define INK 26    /* the first value that is at least a tenth of 255 */
#define STROKE 57 /* likewise of 0.22: in a photo, the digit is stronger, and faint lines and stains join nothing */
#define GRID 96   /* cells of a side at most: pieces are told apart on a coarse grid, inked where any pixel of a cell is */
#define LINE 0x4000 /* a cell of the paper's lines */
#define CORNERS 4

typedef uint16_t u16;
typedef struct {
    int top, bottom, left, right; /* bottom and right are exclusive */
} Box;

/* What is wrong with a picture: bits, in the order in which site/scrawl/net/picture_reader.py names them. */
enum { TOUCHES_EDGE = 1, SEVERAL_FIGURES = 2, TINY = 4, TILTED = 8, FAINT = 16 };

/* What is found in a picture, besides the ink. Floats, which the page reads as an array. */
typedef struct {
    float warnings, width, height;
    float corners;          /* black ones of a turned scan, of which there are slopes */
    float slopes[CORNERS]; /* of the paper's edges, rising: tangents of the angle to the nearest axis */
} Finding;

typedef struct {
    u8 *rgba;
    u32 width, height;
    double fit[COLOURS][TERMS]; /* the paper's colour at each place */
    u16 *cells;                 /* (GRID, GRID): room for a coarse grid */
    int looks_for_sheet;
    Box sheet;
    double contrast; /* how much ink stands out from the paper, 255 for black on white */
    u8 faintest;     /* ink of the digit's pieces */
} Paper;

enum { SHEET = 2 }; /* instead of ink, a sheet of paper or a window is found, to be looked at alone */

static inline double magnitude(double x) { return x < 0 ? -x : x; }
static inline u32 bin_of(double value) { return value < 255 ? (u32)(value * FINE + 0.5) : BINS - 1; }
static inline u8 share_of_255(double value) { return value <= 0 ? 0 : value >= 1 ? 255 : (u8)(255 * value + 0.5); }

/* The value that a share of all counted ones lies below, in steps of a byte. */
double quantile(const u32 *bins, double share);
void terms_at(const Paper *paper, u32 i, double *terms);
/* How much a pixel differs from the paper, in the colour that differs most. */
double difference(const Paper *paper, u32 i);
/* Writes ink and returns 1; 0 where there is no ink, -1 where ink seems to fill most of the picture, or SHEET. */
int ink_on_grainy_paper(Paper *paper, u32 step);
/* Whether a large, filled rectangle is found where bytes, `stride` apart, are at least `least`. */
int finds_sheet(Paper *paper, const u8 *bytes, u32 stride, int least);
/* Ink (height, width) u8 stays where it is the digit's. */
void keep_figure(Paper *paper, u8 *ink, Finding *found);
/* Mark the cells of lines that cross the paper. */
void mark_paper_lines(u16 *cells, int rows, int columns);
/* Strokes that are clearly thinner or thicker than MNIST's become so; `scratch` has room for as much ink. */
void even_strokes(u8 *ink, u32 width, u32 height, u8 *scratch);

#endif
