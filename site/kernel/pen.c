/* Digital ink: pen strokes become a 28x28 picture. The path is scaled to the field first and drawn afterwards, so the pen has
   the same width there whether somebody writes small or large.

   The API does the same in Python: functions/images/pen.py explains how and why. Here ink is 255 and paper 0.
   A path is one array of numbers. For each stroke it has: how many points there are, the pen's width as a part of the longer
   side of the whole path, then x and y of each point. */
#include "normalise.h"

#define FINENESS 4                  /* pixels of the canvas per pixel of the field */
#define CANVAS (FINENESS * FIT + 4) /* its rows and columns: the path, half a pen on either side, and a margin */

/* Where the points lie, and how they are put on the canvas. */
typedef struct {
    double left, right, top, bottom;
    double pen; /* the widest one */
    double side, scale, margin;
} Frame;

static double smaller(double a, double b) { return a < b ? a : b; }
static double larger(double a, double b) { return a > b ? a : b; }

static const float *next_stroke(const float *stroke) { return stroke + 2 + 2 * (u32)stroke[0]; }

static Frame frame_around(const float *path, const float *end) {
    Frame f = {1e300, -1e300, 1e300, -1e300, 0, 0, 0, 0};
    for (const float *stroke = path; stroke < end; stroke = next_stroke(stroke)) {
        f.pen = larger(f.pen, stroke[1]);
        for (const float *point = stroke + 2; point < next_stroke(stroke); point += 2) {
            f.left = smaller(f.left, point[0]), f.right = larger(f.right, point[0]);
            f.top = smaller(f.top, point[1]), f.bottom = larger(f.bottom, point[1]);
        }
    }
    double longest = larger(f.right - f.left, f.bottom - f.top);
    f.side = FINENESS * FIT / (1 + f.pen);
    f.scale = longest > 0 ? f.side / longest : 0; /* a single point is a dot */
    f.margin = f.pen * f.side / 2 + 1;
    return f;
}

/* The pixel at a place, or the nearest one on the canvas. */
static u32 pixel(double place) { return !(place > 0) ? 0 : place < CANVAS ? (u32)place : CANVAS; }

/* Draw a straight line with round ends. Its edge is one pixel soft, and where ink overlaps, it is not darker. */
static void draw_line(u8 *canvas, double x0, double y0, double x1, double y1, double radius) {
    double dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy, reach = radius + 0.5;
    u32 left = pixel(smaller(x0, x1) - reach), right = pixel(larger(x0, x1) + reach + 1);
    u32 top = pixel(smaller(y0, y1) - reach), bottom = pixel(larger(y0, y1) + reach + 1);
    double part = length > 0 ? 1 / length : 0;
    for (u32 y = top; y < bottom; y++)
        ROLLED for (u32 x = left; x < right; x++) {
            double across = x + 0.5 - x0, down = y + 0.5 - y0;
            double along = larger(0, smaller(1, (across * dx + down * dy) * part)); /* of the nearest place on the line */
            across -= along * dx, down -= along * dy;
            double square = across * across + down * down;
            if (!(square < reach * reach)) continue;
            u8 ink = (u8)(255 * smaller(1, reach - __builtin_sqrt(square)) + 0.5);
            if (ink > canvas[y * CANVAS + x]) canvas[y * CANVAS + x] = ink;
        }
}

/* How many bytes of scratch `draw_path` needs. */
EXPORT(canvas_size)
u32 canvas_size(void) { return CANVAS * CANVAS; }

/* path (size) f32 to picture (28, 28) u8, by way of the canvas. Returns 0, and leaves the picture alone, without a point. */
EXPORT(draw_path)
u32 draw_path(const float *path, u32 size, u8 *canvas, u8 *picture) {
    const float *end = path + size;
    Frame f = frame_around(path, end);
    for (u32 i = 0; i < CANVAS * CANVAS; i++) canvas[i] = 0;
    for (const float *stroke = path; stroke < end; stroke = next_stroke(stroke)) {
        const float *last = stroke + 2; /* the first point: where there is no other, a line of no length is a dot */
        for (const float *point = last; point < next_stroke(stroke); last = point, point += 2)
            if (point != last || stroke[0] == 1)
                draw_line(
                    canvas, (last[0] - f.left) * f.scale + f.margin, (last[1] - f.top) * f.scale + f.margin,
                    (point[0] - f.left) * f.scale + f.margin, (point[1] - f.top) * f.scale + f.margin,
                    stroke[1] * f.side / 2
                );
    }
    return place_ink(canvas, CANVAS, CANVAS, FINENESS, picture);
}
