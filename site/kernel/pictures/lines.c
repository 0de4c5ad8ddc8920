/* Finds lines of ruled or squared paper that cross a digit. The API does the same in Python: functions/images/paper_lines.py
   explains how and why. */
#include "paper.h"

/* This runs once for an image, so it is compiled for size, not for speed. */
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define MOST_SHIFT 8 /* a line rises or falls by at most so many cells on PARTS */
#define PARTS 48
#define END 12 /* one part in so many of a line's length, at the border, must be inked just as much as the whole */

/* Enough of a line is inked; faint ones have gaps, and strokes hide parts. */
static int enough(int inked, int length) { return 5 * inked >= 2 * length; }

/* Mark the lines along n cells, `along` apart, in m rows of them, `beside` apart. */
static void mark_lines(u16 *cells, int n, int m, int along, int beside, int most) {
    u8 thin[GRID * (GRID + 2)] = {0}; /* (n, m + 2): where there are at most so many inked ones beside each other */
    int end = n / END ? n / END : 1, strong = 0;
    for (int x = 0; x < n; x++)
        for (int y = 0, run = 0; y <= m; y++) {
            u16 cell = y < m ? cells[x * along + y * beside] : 0;
            if (cell && cell != LINE) {
                run++;
                continue;
            }
            if (run <= most)
                for (; run; run--) thin[x * (GRID + 2) + y - run + 1] = 1;
            run = 0;
        }
    for (int pass = 0; pass <= strong; pass++)
        for (int row = 0; row < m * (2 * MOST_SHIFT + 1); row++) {
            int shift = row / m - MOST_SHIFT, all = 0, first = 0, last = 0;
            for (int marking = 0; marking < 2; marking++)
                for (int x = 0; x < n; x++) {
                    int y = row % m + ((x - n / 2) * shift + PARTS * GRID) / PARTS - GRID;
                    if (y < -1 || y > m) continue;
                    int inked = 0;
                    for (int v = y < 0 ? 0 : y - 1; v <= y + 1 && v < m; v++) {
                        if (!thin[x * (GRID + 2) + v + 1]) continue;
                        inked = 1;
                        if (marking && pass && enough(all, n) && (enough(first, end) || enough(last, end)))
                            cells[x * along + v * beside] = LINE;
                    }
                    if (!marking) all += inked, first += inked && x < end, last += inked && x >= n - end;
                }
            strong |= enough(all, n) && enough(first, end) && enough(last, end);
        }
}

void mark_paper_lines(u16 *cells, int rows, int columns) {
    int most = rows >= 48 || columns >= 48 ? 2 : 1;
    mark_lines(cells, columns, rows, 1, columns, most);
    mark_lines(cells, rows, columns, columns, 1, most);
}

#pragma clang attribute pop
