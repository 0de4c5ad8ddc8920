/* How ink is put into a 28x28 picture, for what draws it first. */
#ifndef NORMALISE_H
#define NORMALISE_H

#include "scrawl.h"

#define FIT 20 /* pixels of the longer side of the ink's bounding box, in the picture */

/* gray (height, width) u8 to picture (28, 28) u8, with the centre of mass in the centre. `scale` pixels become one of the
   picture; with 0, so many that the box fits. Returns 0, and leaves the picture alone, if nothing is drawn. */
u32 place_ink(const u8 *gray, u32 width, u32 height, double scale, u8 *picture);

#endif
