/* The first dense layer, over images of which four fifths are blank.

   The pixels that are not blank are listed once per batch, by sample for the forward pass and by pixel for the update.
   Both passes then touch only those. The weights are stored in blocks of BLOCK hidden units, W1 (H/BLOCK, D, BLOCK): a
   pixel's row of a block is contiguous, and a whole block stays in the second-level cache. The gradient of W1 is never
   stored: a pixel's row of weights is loaded and stored once per batch. */
#include "scrawl.h"

#define INK (1.0f / 255.0f)

/* List the pixels of B images that are not blank: those of sample b are entries[starts[b] .. starts[b+1]].
   Sample b is row rows[first + b] of `images`, or row first + b where `rows` is null.
   images (·, D) u8; entries (at most B*D); starts (B + 1). D is a multiple of 16. */
EXPORT(list_pixels)
void list_pixels(const u8 *images, const u32 *rows, u32 first, u32 B, u32 D, Entry *entries, u32 *starts) {
    Entry *next = entries;
    for (u32 b = 0; b < B; b++) {
        const u8 *image = images + D * (rows ? rows[first + b] : first + b);
        starts[b] = (u32)(next - entries);
        for (u32 d = 0; d < D; d += 16) {
            v128_t pixels = wasm_v128_load(image + d);
            u32 inked = 0xffff & ~wasm_i8x16_bitmask(wasm_i8x16_eq(pixels, wasm_i8x16_const_splat(0)));
            for (; inked; inked &= inked - 1) {
                u32 pixel = d + (u32)__builtin_ctz(inked);
                *next++ = (Entry){pixel * BLOCK, (float)image[pixel] * INK};
            }
        }
    }
    starts[B] = (u32)(next - entries);
}

/* The same for one image of float pixels: image (D) f32, starts (2). */
EXPORT(list_float_pixels)
void list_float_pixels(const float *image, u32 D, Entry *entries, u32 *starts) {
    u32 count = 0;
    for (u32 d = 0; d < D; d++)
        if (image[d] != 0) entries[count++] = (Entry){d * BLOCK, image[d]};
    starts[0] = 0;
    starts[1] = count;
}

/* Turn the listing by sample into one by pixel: pixel d's samples are columns[ends[d-1] .. ends[d]], with ends[-1] = 0,
   in order of b, and an entry's offset is b * stride. columns (as many as entries); ends (D). */
EXPORT(group_pixels)
void group_pixels(const Entry *entries, const u32 *starts, u32 B, u32 D, u32 stride, Entry *columns, u32 *ends) {
    for (u32 d = 0; d < D; d++) ends[d] = 0;
    for (u32 e = 0; e < starts[B]; e++) ends[entries[e].offset / BLOCK]++;
    for (u32 d = 0, start = 0; d < D; d++) {
        u32 count = ends[d];
        ends[d] = start; /* where the next sample goes: the end, once all are placed */
        start += count;
    }
    for (u32 b = 0; b < B; b++)
        for (u32 e = starts[b]; e < starts[b + 1]; e++)
            columns[ends[entries[e].offset / BLOCK]++] = (Entry){b * stride, entries[e].value};
}

/* acc += value * row, over one block of hidden units. */
#define ACCUMULATE(row, value)                                     \
    do {                                                           \
        const float *r_ = (row);                                   \
        f32x4 x_ = splat(value);                                   \
        for (int i_ = 0; i_ < BLOCK / 4; i_++) acc[i_] = madd(load4(r_ + 4 * i_), x_, acc[i_]); \
    } while (0)

/* Y = X W + bias. W (H/BLOCK, D, BLOCK), bias (H), Y (B, stride), H a multiple of BLOCK. */
EXPORT(sparse_forward)
void sparse_forward(const float *W, const float *bias, const Entry *entries, const u32 *starts, u32 B, u32 D, u32 H,
                    float *Y, u32 stride) {
    for (u32 h = 0; h < H; h += BLOCK, W += D * BLOCK) {
        for (u32 b = 0; b < B; b++) {
            f32x4 acc[BLOCK / 4];
            for (int i = 0; i < BLOCK / 4; i++) acc[i] = load4(bias + h + 4 * i);
            const Entry *end = entries + starts[b + 1];
            for (const Entry *e = entries + starts[b]; e < end; e++) ACCUMULATE(W + e->offset, e->value);
            for (int i = 0; i < BLOCK / 4; i++) store4(Y + b * stride + h + 4 * i, acc[i]);
        }
    }
}

/* W -= rate * X^T dY, straight into the weights. columns, ends as group_pixels made them for the stride of dY (B, stride). */
EXPORT(sparse_update)
void sparse_update(float *W, const Entry *columns, const u32 *ends, u32 D, u32 H, const float *dY, float rate) {
    for (u32 h = 0; h < H; h += BLOCK) {
        const Entry *e = columns;
        for (u32 d = 0; d < D; d++, W += BLOCK) {
            const Entry *end = columns + ends[d];
            if (e == end) continue;
            f32x4 acc[BLOCK / 4];
            for (int i = 0; i < BLOCK / 4; i++) acc[i] = splat(0);
            for (; e < end; e++) ACCUMULATE(dY + h + e->offset, e->value);
            for (int i = 0; i < BLOCK / 4; i++) store4(W + 4 * i, madd(acc[i], splat(-rate), load4(W + 4 * i)));
        }
    }
}
