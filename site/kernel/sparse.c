/* The first dense layer, over images of which four fifths are blank.

   The pixels that are not blank are listed once per batch, by sample for the forward pass and by pixel for the update.
   Both passes then touch only those. The weights are stored in blocks of BLOCK hidden units, W1 (H/BLOCK, D, BLOCK): a
   pixel's row of a block is contiguous, and a block stays in the second-level cache. The gradient of W1 is never
   stored: a pixel's row of weights is loaded and stored once per batch. */
#include "primitives.h"
#include "update.h"

#define INK (1.0f / 255.0f) /* what one step of a pixel's value is worth */

/* Fill the table that list_pixels needs: at 8*m, the places of the bits set in m, lowest first. positions (256, 8) u8. */
EXPORT(fill_positions)
void fill_positions(u8 *positions) {
    for (u32 m = 0; m < 256; m++) {
        u32 count = 0;
        for (u32 bit = 0; bit < 8; bit++)
            if (m >> bit & 1) positions[8 * m + count++] = (u8)bit;
        while (count < 8) positions[8 * m + count++] = 0;
    }
}

/* Write the entries of those of 8 pixels that `inked` has a bit for. `places` (8 u8, then whatever) are their places in
   `pixels`, which starts with pixel d of the image. Writes 8 entries always; returns where the next ones go. */
static inline Entry *list_eight(v128_t pixels, v128_t places, u32 d, u32 inked, Entry *next) {
    v128_t values = wasm_u16x8_extend_low_u8x16(wasm_i8x16_swizzle(pixels, places));
    v128_t indices = wasm_i16x8_add(wasm_u16x8_extend_low_u8x16(places), wasm_u16x8_splat((uint16_t)d));
    v128_t low = wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(values));
    v128_t high = wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(values));
    wasm_v128_store(next, wasm_v128_or(low, wasm_u32x4_extend_low_u16x8(indices)));
    wasm_v128_store(next + 4, wasm_v128_or(high, wasm_u32x4_extend_high_u16x8(indices)));
    return next + __builtin_popcount(inked);
}

/* Read a byte of each cache line of B images, and return their sum: the lines come from far away, and many at a time come
   sooner than one after the other. images, rows and first as in list_pixels. */
EXPORT(fetch_images)
u32 fetch_images(const u8 *images, const u32 *rows, u32 first, u32 B, u32 D) {
    u32 sum = 0;
    for (u32 b = 0; b < B; b++) {
        const u8 *image = images + D * (rows ? rows[first + b] : first + b);
        for (u32 d = 0; d < D; d += 64) sum += image[d];
        sum += image[D - 1];
    }
    return sum;
}

/* List the pixels of B images that are not blank: those of sample b are the first lengths[b] of its slot of `entries`.
   Sample b is row rows[first + b] of `images`, or row first + b where `rows` is null. Nothing branches on a pixel: in
   pictures no branch can be predicted.
   images (·, D) u8, D a multiple of 16, at most 1024; entries (B, SLOT(D)); lengths (B). */
EXPORT(list_pixels)
void list_pixels(const u8 *images, const u32 *rows, u32 first, u32 B, u32 D, const u8 *positions, Entry *entries,
                 u32 *lengths) {
    for (u32 b = 0; b < B; b++, entries += SLOT(D)) {
        Entry *next = entries;
        const u8 *image = images + D * (rows ? rows[first + b] : first + b);
        u64 vectors = 0; /* those that are not blank altogether */
        for (u32 v = 0; v < D / 16; v++) vectors |= (u64)wasm_v128_any_true(wasm_v128_load(image + 16 * v)) << v;
        for (; vectors; vectors &= vectors - 1) {
            u32 d = 16 * (u32)__builtin_ctzll(vectors);
            v128_t pixels = wasm_v128_load(image + d);
            u32 inked = wasm_i8x16_bitmask(wasm_i8x16_ne(pixels, wasm_i8x16_const_splat(0)));
            u32 low = inked & 0xff, high = inked >> 8;
            next = list_eight(pixels, wasm_v128_load64_zero(positions + 8 * low), d, low, next);
            v128_t places = wasm_i8x16_add(wasm_v128_load64_zero(positions + 8 * high), wasm_i8x16_const_splat(8));
            next = list_eight(pixels, places, d, high, next);
        }
        lengths[b] = (u32)(next - entries);
    }
}

/* The first of a sample's entries that is of pixel d or a later one, of D: it is about as far on among the entries as d is
   among the pixels, so that few steps lead there. */
static const Entry *entry_from(const Entry *entries, u32 length, u32 d, u32 D) {
    const Entry *e = entries + length * d / D, *end = entries + length;
    while (e > entries && entry_index(e[-1]) >= d) e--;
    while (e < end && entry_index(*e) < d) e++;
    return e;
}

/* Turn the listing by sample into one by pixel, for the pixels first .. first + count: pixel d's samples are
   columns[d*stride .. d*stride + counts[d]], in order. columns (D, stride), stride >= B; counts (D). */
EXPORT(group_pixels)
void group_pixels(const Entry *entries, const u32 *lengths, u32 B, u32 D, Entry *columns, u32 stride, u32 *counts, u32 first,
                  u32 count) {
    for (u32 d = first; d < first + count; d++) counts[d] = 0;
    for (u32 b = 0; b < B; b++, entries += SLOT(D)) {
        const Entry *end = entries + lengths[b];
        for (const Entry *e = entry_from(entries, lengths[b], first, D); e < end; e++) {
            u32 d = entry_index(*e);
            if (d >= first + count) break;
            columns[d * stride + counts[d]++] = ENTRY(b, entry_bits(*e));
        }
    }
}

/* acc += the entry's value * row, over one block of hidden units. */
#define ACCUMULATE(entry, row)                                                                  \
    do {                                                                                        \
        const float *r_ = (row);                                                                \
        f32x4 x_ = splat(bits_float(entry_bits(entry)));                                        \
        for (int i_ = 0; i_ < BLOCK / 4; i_++) acc[i_] = madd(load4(r_ + 4 * i_), x_, acc[i_]); \
    } while (0)

/* Y = X W + bias. W (H/BLOCK, D, BLOCK), bias (H), Y (B, stride), H a multiple of BLOCK. */
EXPORT(sparse_forward)
void sparse_forward(const float *W, const float *bias, const Entry *entries, const u32 *lengths, u32 B, u32 D, u32 H,
                    float *Y, u32 stride) {
    for (u32 h = 0; h < H; h += BLOCK, W += D * BLOCK) {
        for (u32 b = 0; b < B; b++) {
            f32x4 acc[BLOCK / 4];
            for (int i = 0; i < BLOCK / 4; i++) acc[i] = splat(0);
            const Entry *e = entries + b * SLOT(D), *end = e + lengths[b];
            for (; e < end; e++) ACCUMULATE(*e, W + entry_index(*e) * BLOCK);
            for (int i = 0; i < BLOCK / 4; i++)
                store4(Y + b * stride + h + 4 * i, madd(acc[i], splat(INK), load4(bias + h + 4 * i)));
        }
    }
}

/* acc = X^T dY for pixel d and the block of hidden units that starts with h, in 1/255 of the true value. */
#define SUM_GRADIENT(d, h)                                                                     \
    f32x4 acc[BLOCK / 4];                                                                      \
    do {                                                                                       \
        const Entry *e = columns + (d) * columns_stride, *end = e + counts[d];                 \
        for (int i = 0; i < BLOCK / 4; i++) acc[i] = splat(0);                                 \
        for (; e < end; e++) ACCUMULATE(*e, dY + (h) + entry_index(*e) * stride);              \
    } while (0)

/* W += step * X^T dY, straight into the weights. columns, columns_stride and counts as group_pixels has them;
   dY (B, stride). */
EXPORT(sparse_update)
void sparse_update(float *W, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D, u32 H,
                   const float *dY, u32 stride, float step) {
    for (u32 h = 0; h < H; h += BLOCK)
        for (u32 d = 0; d < D; d++, W += BLOCK) {
            if (!counts[d]) continue;
            SUM_GRADIENT(d, h);
            for (int i = 0; i < BLOCK / 4; i++)
                store4(W + 4 * i, madd(acc[i], splat(step * INK), load4(W + 4 * i)));
        }
}

/* The same for momentum: V = momentum * V + step * X^T dY + weight_decay * W, then W += rate * V, in one go. Pixels that are
   blank in the whole batch move as well. V is shaped as W. */
EXPORT(sparse_momentum)
void sparse_momentum(float *W, float *V, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D, u32 H,
                     const float *dY, u32 stride, float step, float rate, float momentum, float weight_decay) {
    for (u32 h = 0; h < H; h += BLOCK)
        for (u32 d = 0; d < D; d++, W += BLOCK, V += BLOCK) {
            SUM_GRADIENT(d, h);
            float gradient[BLOCK];
            for (int i = 0; i < BLOCK / 4; i++) store4(gradient + 4 * i, wasm_f32x4_mul(acc[i], splat(step * INK)));
            ROLLED
            for (int i = 0; i < BLOCK; i += 4) momentum4(W + i, V + i, load4(gradient + i), rate, momentum, weight_decay);
        }
}

/* And for Adam, whose averages M and V are shaped as W. */
EXPORT(sparse_adam)
void sparse_adam(float *W, float *M, float *V, const Entry *columns, u32 columns_stride, const u32 *counts, u32 D, u32 H,
                 const float *dY, u32 stride, float step, float rate, float epsilon, float keep) {
    for (u32 h = 0; h < H; h += BLOCK)
        for (u32 d = 0; d < D; d++, W += BLOCK, M += BLOCK, V += BLOCK) {
            SUM_GRADIENT(d, h);
            float gradient[BLOCK];
            for (int i = 0; i < BLOCK / 4; i++) store4(gradient + 4 * i, wasm_f32x4_mul(acc[i], splat(step * INK)));
            ROLLED
            for (int i = 0; i < BLOCK; i += 4)
                adam4(W + i, M + i, V + i, load4(gradient + i), (AdamStep){rate, epsilon, keep});
        }
}
