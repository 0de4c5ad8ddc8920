/* What all of the kernel's files share: types, vector helpers, the export macro.

   The kernel is arithmetic over memory that the caller owns: it has no libc, no malloc, no state of its own. Python decides
   which primitive follows which (site/scrawl/net/network.py). Every fast primitive has a slow, obvious twin `naive_…` of the
   same signature in the folder naive, which is compiled for the tests only; they compare the two.

   Axes: B batch, D inputs (784 pixels), H hidden units, K classes, I and O inputs and outputs of any dense layer.
   Rows of activations, deltas and weights are padded: `stride` floats apart, a multiple of 4, and the padding is zero.
*/
#ifndef SCRAWL_H
#define SCRAWL_H

#include <stdint.h>
#include <wasm_simd128.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;
typedef v128_t f32x4;

#define EXPORT(name) __attribute__((export_name(#name)))
#define BLOCK 32 /* hidden units per block of the first layer: eight vectors, held in registers */

/* A pixel that is not blank, in 32 bits that are read at once. Below: its index, which pixel in the listing of a sample,
   which sample in the listing of a pixel. Above: its value 0..255, as the upper half of a float32, which holds it exactly. */
typedef u32 Entry;

#define ENTRY(index, bits) ((index) | (bits))
static inline u32 entry_index(Entry entry) { return entry & 0xffff; }
static inline u32 entry_bits(Entry entry) { return entry & 0xffff0000; } /* of the value */

/* Room for a sample's listing: its D pixels, and what list_pixels writes beyond the last one. */
#define SLOT(D) ((D) + 8)

/* The sums of a pass over a batch. */
typedef struct {
    double loss;    /* sum of the negative log-likelihoods */
    double correct; /* how many samples have their label ranked first */
} Score;

/* A 3x3 convolution with padding 1, followed by an activation and 2x2 max pooling. Input and output are stored by position, then
   channel. The input has a border of zeros, one position wide, so that no tap needs a check. */
typedef struct {
    u32 N;      /* rows and columns of the input, even, at most 32 */
    u32 I, O;   /* channels of input and output, multiples of BLOCK; I is 1 for the image_… primitives */
    u32 border; /* 1 if the output, of N/2 rows and columns, has a border too, else 0 */
    u32 stride; /* floats from one sample's output to the next */
    u32 activation; /* 0 for ReLU; else the output is what activate_maps makes the activation of: see pool() */
} Conv;

/* Before a loop whose speed hardly matters, or which waits for memory: unrolled, it would only make the module larger. */
#define ROLLED _Pragma("clang loop unroll(disable)")

static inline u32 float_bits(float x) {
    union { float f; u32 bits; } both = {x};
    return both.bits;
}

static inline float bits_float(u32 bits) {
    union { u32 bits; float f; } both = {bits};
    return both.f;
}

static inline f32x4 load4(const float *p) { return wasm_v128_load(p); }
static inline void store4(float *p, f32x4 v) { wasm_v128_store(p, v); }
static inline f32x4 splat(float x) { return wasm_f32x4_splat(x); }

/* c + a*b, fused where the build has relaxed SIMD. */
static inline f32x4 madd(f32x4 a, f32x4 b, f32x4 c) {
#ifdef __wasm_relaxed_simd__
    return wasm_f32x4_relaxed_madd(a, b, c);
#else
    return wasm_f32x4_add(c, wasm_f32x4_mul(a, b));
#endif
}

#endif
