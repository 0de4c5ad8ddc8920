/* Finds the digit among the pieces of ink in a picture, and erases frames, black corners, the rim of a crop, stray dots and a
   second figure. The API does the same in Python: functions/images/figure.py explains how and why. Here ink is 255. */
#include "paper.h"

/* This runs once for an image, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define MOST 512    /* pieces; a picture of more is noise, and stays as it is */
#define NUMBERED 0x8000

typedef struct {
    int top, bottom, left, right; /* in cells; bottom and right are exclusive */
    u32 area, contact;            /* cells; those at the border */
    u8 candidate, kept;
} Piece;

typedef struct {
    u16 *labels; /* (rows, columns): 0 for none, LINE, else NUMBERED | which piece */
    int rows, columns, cell;
    int count;
    Piece pieces[MOST];
} Grid;

static int larger(int a, int b) { return a > b ? a : b; }
static int smaller(int a, int b) { return a < b ? a : b; }
static int size_of(const Piece *p) { return larger(p->bottom - p->top, p->right - p->left); }

static int is_piece(u16 label) { return label && label != LINE; }

/* Cells that touch, also at a corner, get the same label: the number of the first of them. */
static void connect(Grid *g) {
    for (int changed = 1, back = 0; changed || back; back = !back) {
        changed = 0;
        for (int n = 0; n < g->rows * g->columns; n++) {
            int i = back ? g->rows * g->columns - 1 - n : n, y = i / g->columns, x = i % g->columns;
            if (!is_piece(g->labels[i])) continue;
            for (int v = larger(y - 1, 0); v <= smaller(y + 1, g->rows - 1); v++)
                for (int u = larger(x - 1, 0); u <= smaller(x + 1, g->columns - 1); u++) {
                    u16 other = g->labels[v * g->columns + u];
                    if (is_piece(other) && other < g->labels[i]) g->labels[i] = other, changed = 1;
                }
        }
    }
}

/* Number the pieces and measure them. Returns 0 if there are too many. */
static int measure_pieces(Grid *g) {
    g->count = 0;
    for (int i = 0; i < g->rows * g->columns; i++) {
        int y = i / g->columns, x = i % g->columns;
        if (!is_piece(g->labels[i])) continue;
        if (g->labels[i] == i + 1) {
            if (g->count == MOST) return 0;
            g->pieces[g->count] = (Piece){y, y + 1, x, x + 1, 0, 0, 1, 0};
            g->labels[i] = NUMBERED | g->count++;
        } else
            g->labels[i] = g->labels[g->labels[i] - 1];
        Piece *p = &g->pieces[g->labels[i] & ~NUMBERED];
        p->bottom = y + 1;
        p->left = smaller(p->left, x);
        p->right = larger(p->right, x + 1);
        p->area++;
        p->contact += y == 0 || y == g->rows - 1 || x == 0 || x == g->columns - 1;
    }
    return 1;
}

/* Pieces with much contact with the border are no strokes, unless there is nothing else. */
static void leave_rims_out(Grid *g) {
    int large = 0;
    for (int k = 0; k < g->count; k++) {
        Piece *p = &g->pieces[k];
        p->kept = p->contact <= 0.4 * size_of(p);
        large |= p->kept && size_of(p) >= 0.1 * larger(g->rows, g->columns);
    }
    for (int k = 0; k < g->count; k++) g->pieces[k].candidate = large ? g->pieces[k].kept : 1;
}

static int has_ink(const Grid *g, int piece, int top, int bottom, int left, int right) {
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++)
            if (g->labels[y * g->columns + x] == (NUMBERED | piece)) return 1;
    return 0;
}

/* A frame has ink near to its corners and is mostly empty. */
static int is_frame(const Grid *g, int k) {
    const Piece *p = &g->pieces[k];
    int rows = p->bottom - p->top, columns = p->right - p->left;
    int down = (int)__builtin_ceil(0.12 * rows), across = (int)__builtin_ceil(0.12 * columns);
    if (p->area > 0.6 * rows * columns) return 0;
    return has_ink(g, k, p->top, p->top + down, p->left, p->left + across)
         + has_ink(g, k, p->top, p->top + down, p->right - across, p->right)
         + has_ink(g, k, p->bottom - down, p->bottom, p->left, p->left + across)
         + has_ink(g, k, p->bottom - down, p->bottom, p->right - across, p->right) >= 3;
}

static int lies_within(const Piece *a, const Piece *frame) {
    return a != frame && a->top >= frame->top && a->bottom <= frame->bottom && a->left >= frame->left && a->right <= frame->right;
}

static void look_inside_frames(Grid *g) {
    for (int k = 0; k < g->count; k++) {
        Piece *frame = &g->pieces[k];
        int filled = 0, inside = 0;
        if (size_of(frame) < 0.4 * larger(g->rows, g->columns)) continue;
        for (int j = 0; j < g->count; j++) {
            Piece *p = &g->pieces[j];
            if (!lies_within(p, frame)) continue;
            filled |= size_of(p) >= 0.25 * size_of(frame);
            inside |= p->candidate;
        }
        if (!filled || !inside || !is_frame(g, k)) continue;
        for (int j = 0; j < g->count; j++) g->pieces[j].candidate &= lies_within(&g->pieces[j], frame);
    }
}

/* How likely a piece is the digit's: large, tall, in the middle, and not cut by the border. */
static double prominence(const Grid *g, const Piece *p) {
    double down = __builtin_fabs((double)(p->top + p->bottom - g->rows) / g->rows);
    double across = __builtin_fabs((double)(p->left + p->right - g->columns) / g->columns);
    double size = p->bottom - p->top + 0.5 * (p->right - p->left);
    return size * (1 - 0.4 * (down > across ? down : across)) * (p->contact ? 0.6 : 1);
}

/* Whether a piece belongs to the figure in `box`: near, not beside it as another digit would be, and no dot outside of it. */
static int belongs(const Piece *p, const Piece *box, u32 area) {
    int height = box->bottom - box->top, size = size_of(box);
    int down = larger(p->top - box->bottom, box->top - p->bottom), across = larger(p->left - box->right, box->left - p->right);
    int width = larger(p->right, box->right) - smaller(p->left, box->left);
    if (down > 0.25 * size || across > 0.12 * size) return 0;
    if (across >= 0 && width > height && p->bottom - p->top > 0.6 * height) return 0;
    return p->area >= 0.02 * area || (down < 0 && across < 0);
}

static int choose(Grid *g, Box *figure) {
    Piece *main = 0;
    for (int k = 0; k < g->count; k++) {
        Piece *p = &g->pieces[k];
        p->kept = 0;
        if (p->candidate && (!main || prominence(g, p) > prominence(g, main))) main = p;
    }
    if (!main) return 0;
    main->kept = 1;
    Piece box = *main;
    for (int more = 1; more;) {
        Piece before = box;
        more = 0;
        for (int k = 0; k < g->count; k++) {
            Piece *p = &g->pieces[k];
            if (p->kept || !p->candidate || !belongs(p, &before, main->area)) continue;
            p->kept = more = 1;
            box.top = smaller(box.top, p->top), box.bottom = larger(box.bottom, p->bottom);
            box.left = smaller(box.left, p->left), box.right = larger(box.right, p->right);
        }
    }
    *figure = (Box){box.top, box.bottom, box.left, box.right};
    for (int k = 0; k < g->count; k++) {
        Piece *p = &g->pieces[k];
        if (p->candidate && !p->kept && size_of(p) >= 0.35 * size_of(main)) return SEVERAL_FIGURES;
    }
    return 0;
}

/* Black corners tell that the paper lies at an angle, and by how much. Two may have grown together along a side; a straight
   rim, which is filled, is none. */
static int look_for_corners(const Grid *g, Finding *found) {
    int corners = 0;
    for (int k = 0; k < g->count; k++) {
        const Piece *p = &g->pieces[k];
        int top = p->top == 0, bottom = p->bottom == g->rows, left = p->left == 0, right = p->right == g->columns;
        double down = p->bottom - p->top, across = p->right - p->left;
        if (p->kept || p->contact <= 0.4 * size_of(p)) continue;
        if (top != bottom && left != right) {
            corners++;
            double slope = down < across ? down / across : -across / down;
            if (found->corners < CORNERS) found->slopes[(u32)found->corners++] = top == left ? slope : -slope;
        } else if ((top && bottom) != (left && right) && p->area <= 0.75 * down * across)
            corners += 2;
    }
    return corners >= 3 ? TILTED : 0;
}

/* How many of the picture's sides the ink touches. */
static int sides(const u8 *ink, u32 width, u32 height) {
    int found[4] = {0};
    for (u32 i = 0; i < width * height; i++) {
        u32 x = i % width, y = i / width;
        if (ink[i] < 128) continue;
        found[0] |= !x, found[1] |= !y, found[2] |= x == width - 1, found[3] |= y == height - 1;
    }
    return found[0] + found[1] + found[2] + found[3];
}

/* Whether a cell is of the figure, or paper beside it, which may have its soft edge. */
static int is_allowed(const Grid *g, int y, int x) {
    u16 own = g->labels[y * g->columns + x];
    if (own) return own != LINE && g->pieces[own & ~NUMBERED].kept;
    for (int v = larger(y - 1, 0); v <= smaller(y + 1, g->rows - 1); v++)
        for (int u = larger(x - 1, 0); u <= smaller(x + 1, g->columns - 1); u++) {
            u16 label = g->labels[v * g->columns + u];
            if (is_piece(label) && g->pieces[label & ~NUMBERED].kept) return 1;
        }
    return 0;
}

/* Find the pieces where bytes, `stride` apart, are at least `least`. Returns 0 if there are too many or none. */
static int look(Grid *g, const Paper *paper, const u8 *bytes, u32 stride, int least) {
    int width = paper->width, height = paper->height, side = larger(width, height), large = 0;
    g->cell = (side + GRID - 1) / GRID, g->labels = paper->cells;
    g->rows = (height + g->cell - 1) / g->cell, g->columns = (width + g->cell - 1) / g->cell;
    for (int lines = 1; lines >= 0 && !large; lines--) { /* once more without lines, if the digit looks like one */
        for (int i = 0; i < g->rows * g->columns; i++) g->labels[i] = 0;
        for (int i = 0; i < width * height; i++) {
            int place = (i / width / g->cell) * g->columns + i % width / g->cell;
            if (bytes[i * stride] >= least) g->labels[place] = place + 1;
        }
        if (lines) mark_paper_lines(g->labels, g->rows, g->columns);
        connect(g);
        if (!measure_pieces(g)) return 0;
        for (int k = 0; k < g->count; k++) large |= size_of(&g->pieces[k]) >= 0.1 * larger(g->rows, g->columns);
    }
    return g->count;
}

int finds_sheet(Paper *paper, const u8 *bytes, u32 stride, int least) {
    Grid g;
    if (!paper->looks_for_sheet || !look(&g, paper, bytes, stride, least)) return 0;
    const Piece *p = g.pieces;
    for (int k = 1; k < g.count; k++)
        if (g.pieces[k].area > p->area) p = &g.pieces[k];
    int down = p->bottom - p->top, across = p->right - p->left, narrow = smaller(down, across);
    int borders = (p->top == 0) + (p->left == 0) + (p->bottom == g.rows) + (p->right == g.columns);
    if (p->area < 0.8 * down * across || borders > 1 || narrow < 0.4 * larger(down, across)) return 0;
    if (narrow < 0.25 * smaller(g.rows, g.columns) || g.cell * narrow < 40) return 0;
    paper->sheet = (Box){g.cell * (p->top + 1), g.cell * (p->bottom - 1), g.cell * (p->left + 1), g.cell * (p->right - 1)};
    return 1;
}

void keep_figure(Paper *paper, u8 *ink, Finding *found) {
    Grid g;
    Box box;
    int width = paper->width, height = paper->height, warnings = (int)found->warnings;
    if (!look(&g, paper, ink, 1, paper->faintest)) return;
    leave_rims_out(&g);
    look_inside_frames(&g);
    warnings |= choose(&g, &box) | look_for_corners(&g, found);
    for (int i = 0; i < width * height; i++)
        if (!is_allowed(&g, i / width / g.cell, i % width / g.cell)) ink[i] = 0;
    int touched = sides(ink, width, height);
    if (touched == 1 || touched == 2) warnings |= TOUCHES_EDGE; /* ink at more sides has been cut out along its box */
    if (g.cell * larger(box.bottom - box.top, box.right - box.left) < 10) warnings |= TINY;
    found->warnings = warnings;
}

#pragma clang attribute pop
