/* The forward pass of a convolution with many input channels, by Winograd's F(2x2, 3x3): 16 multiplications for four outputs
   where the definition has 36. The four outputs of a tile are those that are pooled into one.

   Each tile's patch of 4x4 positions is transformed to 16 vectors of channels, V (16, TILES, I); one matrix product for each
   of the 16 with the transformed weights U (16, I, O) gives M (16, TILES, O); those are transformed back and pooled. Much of
   a picture is blank, and all blank patches look alike: a patch whose positions all equal the picture's first corner is not
   computed, but copied from a picture that is the same everywhere. Equal numbers have equal sums, so ties remain ties. */
#include "conv.h"

enum {
    TILES = 32, /* computed at a time */
    SIDE = 6,   /* of a picture that is the same everywhere; it has each kind of tile once */
    APART = 16, /* floats between the 16 matrices of V and of M, or their lines would share a few places in the cache */
};

typedef struct {
    const float *patch;
    float *output;
    u8 *which;
} Tile;

typedef struct {
    const float *bias;
    float *U, *V, *M;
    u32 activation;
    u32 I, O, row; /* row: floats from one row of the input to the next */
    u32 count;
    Tile tiles[TILES];
} Winograd;

/* What is the same for all samples of a batch. */
typedef struct {
    float *U, *picture, *output; /* U (16, I, O); the plain picture (SIDE+2, SIDE+2, I) and its tiles' outputs (9, O) */
    u8 *which;                   /* (9, O) */
} Prepared;

static Prepared prepared_in(const void *scratch, const Conv *conv) {
    float *U = (float *)scratch, *picture = U + 16 * conv->I * conv->O;
    float *output = picture + (SIDE + 2) * (SIDE + 2) * conv->I;
    return (Prepared){U, picture, output, (u8 *)(output + 9 * conv->O)};
}

/* How many bytes of scratch conv_prepare fills. */
EXPORT(conv_scratch)
u32 conv_scratch(const Conv *conv) {
    return (u32)prepared_in(0, conv).which + 9 * conv->O;
}

u32 backward_room(const Conv *conv);

/* How many bytes of room each thread needs, for whatever it does of a convolution; whole lines. Here: for V and M. */
EXPORT(conv_room)
u32 conv_room(const Conv *conv) {
    u32 forward = 4 * 16 * (TILES * (conv->I + conv->O) + 2 * APART), backward = backward_room(conv);
    return ((forward > backward ? forward : backward) + 63) & ~63u;
}

static Winograd winograd_in(void *room, const Conv *conv, const float *bias, float *U) {
    float *V = room, *M = V + 16 * (TILES * conv->I + APART);
    return (Winograd){.bias = bias, .U = U, .V = V, .M = M, .activation = conv->activation,
                      .I = conv->I, .O = conv->O, .row = (conv->N + 2) * conv->I};
}

/* U = G w G^T for each pair of channels. W (O, 9, I). */
static void transform_weights(float *U, const float *W, u32 I, u32 O) {
    for (u32 o = 0; o < O; o++)
        for (u32 i = 0; i < I; i += 4) {
            f32x4 w[9], g[12]; /* g (4, 3) */
            for (int t = 0; t < 9; t++) w[t] = load4(W + (o * 9 + t) * I + i);
            for (int t = 0; t < 3; t++) {
                f32x4 ends = wasm_f32x4_add(w[t], w[6 + t]);
                g[t] = w[t], g[9 + t] = w[6 + t];
                g[3 + t] = wasm_f32x4_mul(wasm_f32x4_add(ends, w[3 + t]), splat(0.5f));
                g[6 + t] = wasm_f32x4_mul(wasm_f32x4_sub(ends, w[3 + t]), splat(0.5f));
            }
            for (int r = 0; r < 4; r++) {
                f32x4 ends = wasm_f32x4_add(g[3 * r], g[3 * r + 2]), middle = g[3 * r + 1];
                f32x4 u[4] = {g[3 * r], wasm_f32x4_mul(wasm_f32x4_add(ends, middle), splat(0.5f)),
                              wasm_f32x4_mul(wasm_f32x4_sub(ends, middle), splat(0.5f)), g[3 * r + 2]};
                for (int c = 0; c < 4; c++) {
                    float *to = U + ((4 * r + c) * I + i) * O + o;
                    to[0] = wasm_f32x4_extract_lane(u[c], 0);
                    to[O] = wasm_f32x4_extract_lane(u[c], 1);
                    to[2 * O] = wasm_f32x4_extract_lane(u[c], 2);
                    to[3 * O] = wasm_f32x4_extract_lane(u[c], 3);
                }
            }
        }
}

/* d - c, b + c, c - b, b - d of (a, b, c, d): Winograd's B^T. */
#define SPREAD(t, a, b, c, d)                                                                          \
    (t)[0] = wasm_f32x4_sub(a, c), (t)[1] = wasm_f32x4_add(b, c), (t)[2] = wasm_f32x4_sub(c, b), \
    (t)[3] = wasm_f32x4_sub(b, d)

/* V = B^T d B for a tile's patch d. */
static void transform_patch(const Winograd *w, u32 tile) {
    const float *patch = w->tiles[tile].patch;
    for (u32 i = 0; i < w->I; i += 4) {
        f32x4 t[4][4]; /* by column of the patch */
        for (int c = 0; c < 4; c++) {
            const float *d = patch + c * w->I + i;
            f32x4 d0 = load4(d), d1 = load4(d + w->row), d2 = load4(d + 2 * w->row), d3 = load4(d + 3 * w->row);
            SPREAD(t[c], d0, d1, d2, d3);
        }
        for (int r = 0; r < 4; r++) {
            f32x4 v[4];
            SPREAD(v, t[0][r], t[1][r], t[2][r], t[3][r]);
            for (int c = 0; c < 4; c++) store4(w->V + (4 * r + c) * (TILES * w->I + APART) + tile * w->I + i, v[c]);
        }
    }
}

/* Y = A^T m A, plus the bias, pooled. */
static void transform_back(const Winograd *w, u32 tile) {
    for (u32 o = 0; o < w->O; o += 4) {
        f32x4 upper[4], lower[4], bias = load4(w->bias + o);
        for (int c = 0; c < 4; c++) {
            u32 matrix = TILES * w->O + APART, next = 4 * matrix;
            const float *m = w->M + c * matrix + tile * w->O + o;
            f32x4 m0 = load4(m), m1 = load4(m + next), m2 = load4(m + 2 * next), m3 = load4(m + 3 * next);
            upper[c] = wasm_f32x4_add(wasm_f32x4_add(m0, m1), m2);
            lower[c] = wasm_f32x4_sub(wasm_f32x4_sub(m1, m2), m3);
        }
        f32x4 y[4] = {wasm_f32x4_add(wasm_f32x4_add(upper[0], upper[1]), upper[2]),
                      wasm_f32x4_sub(wasm_f32x4_sub(upper[1], upper[2]), upper[3]),
                      wasm_f32x4_add(wasm_f32x4_add(lower[0], lower[1]), lower[2]),
                      wasm_f32x4_sub(wasm_f32x4_sub(lower[1], lower[2]), lower[3])};
        for (int k = 0; k < 4; k++) y[k] = wasm_f32x4_add(y[k], bias);
        pool(y, w->tiles[tile].output + o, w->tiles[tile].which + o, w->activation);
    }
}

/* Compute the tiles collected so far. */
static void flush(Winograd *w) {
    u32 I = w->I, O = w->O, vs = TILES * I + APART, ms = TILES * O + APART;
    for (u32 t = 0; t < w->count; t++) transform_patch(w, t);
    for (u32 f = 0; f < 16; f++)
        matmul(w->M + f * ms, O, w->V + f * vs, I, 1, w->U + f * I * O, O, w->count, O, I, 0, 0, 1);
    for (u32 t = 0; t < w->count; t++) transform_back(w, t);
    w->count = 0;
}

static void add_tile(Winograd *w, const float *patch, float *output, u8 *which) {
    w->tiles[w->count++] = (Tile){patch, output, which};
    if (w->count == TILES) flush(w);
}

/* Fill a picture of SIDE x SIDE positions with one position's channels, and compute its 3x3 tiles. */
static void plain_tiles(Winograd w, const float *position, float *picture, float *output, u8 *which) {
    w.row = (SIDE + 2) * w.I;
    for (u32 y = 0; y < SIDE + 2; y++)
        for (u32 x = 0; x < SIDE + 2; x++)
            for (u32 i = 0; i < w.I; i += 4) {
                int inside = y && x && y <= SIDE && x <= SIDE;
                store4(picture + y * w.row + x * w.I + i, inside ? load4(position + i) : splat(0));
            }
    for (u32 t = 0; t < 9; t++)
        add_tile(&w, picture + 2 * (t / 3) * w.row + 2 * (t % 3) * w.I, output + t * w.O, which + t * w.O);
    flush(&w);
}

/* Set plain[position] where the position of X, or the border there, needs no look: (N+2, N+2) u8. */
static void find_plain(u8 *plain, const float *X, const float *like, u32 N, u32 I) {
    for (u32 y = 0; y < N + 2; y++)
        for (u32 x = 0; x < N + 2; x++, plain++, X += I) {
            u32 same = 1;
            if (y && x && y <= N && x <= N)
                for (u32 i = 0; i < I && same; i += 4)
                    same = !wasm_v128_any_true(wasm_f32x4_ne(load4(X + i), load4(like + i)));
            *plain = (u8)same;
        }
}

static int patch_is_plain(const u8 *plain, u32 row) {
    u32 all = 0xffffffff, part;
    for (u32 y = 0; y < 4; y++) {
        __builtin_memcpy(&part, plain + y * row, 4);
        all &= part;
    }
    return all == 0x01010101;
}

/* Copy a pooled output, O channels, and where each came from. */
static void copy_output(float *output, u8 *which, const float *from, const u8 *from_which, u32 O) {
    for (u32 o = 0; o < O; o += 4) store4(output + o, load4(from + o));
    for (u32 o = 0; o < O; o += 16) wasm_v128_store(which + o, wasm_v128_load(from_which + o));
}

/* Leave in `scratch` what conv_forward needs of the weights W (O, 9, I) and of the first of the batch's pictures X. */
EXPORT(conv_prepare)
void conv_prepare(const Conv *conv, const float *X, const float *W, const float *bias, void *scratch, void *room) {
    Prepared ready = prepared_in(scratch, conv);
    transform_weights(ready.U, W, conv->I, conv->O);
    plain_tiles(winograd_in(room, conv, bias, ready.U), X + (conv->N + 3) * conv->I, ready.picture, ready.output, ready.which);
}

/* Y = max pooling of ReLU of the convolution of X with the weights that `scratch` was prepared with, plus bias; `which` as in
   image_conv.c. X (B, N+2, N+2, I) with its border, bias (O), Y (B, stride) as `Conv` says, which (B, N/2, N/2, O). */
EXPORT(conv_forward)
void conv_forward(const Conv *conv, const float *X, const float *bias, u32 B, float *Y, u8 *which, const void *scratch,
                  void *room) {
    u32 N = conv->N, I = conv->I, O = conv->O, P = N / 2, row = (N + 2) * I;
    u8 plain[34 * 34];
    Prepared ready = prepared_in(scratch, conv);
    Winograd w = winograd_in(room, conv, bias, ready.U);
    const float *like = ready.picture + (SIDE + 3) * I;
    for (u32 b = 0; b < B; b++, X += (N + 2) * row, Y += conv->stride, which += P * P * O) {
        find_plain(plain, X, like, N, I);
        for (u32 r = 0; r < P; r++)
            for (u32 c = 0; c < P; c++) {
                float *y = Y + output_place(conv, r, c);
                u8 *at = which + (r * P + c) * O;
                u32 kind = (r ? r + 1 < P ? 1 : 2 : 0) * 3 + (c ? c + 1 < P ? 1 : 2 : 0);
                if (patch_is_plain(plain + 2 * r * (N + 2) + 2 * c, N + 2))
                    copy_output(y, at, ready.output + kind * O, ready.which + kind * O, O);
                else
                    add_tile(&w, X + 2 * r * row + 2 * c * I, y, at);
            }
    }
    flush(&w);
}
