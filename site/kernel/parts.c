/* How primitives fall into parts that threads do side by side: blocks of outputs, never parts of a sum. So a result is the
   same to the last bit, however many parts and threads there are. A part is a call with narrower arguments. */
#include "primitives.h"
#include "team.h"

#ifdef __wasm_atomics__

/* A call as `blocks` times `units` of outputs, each with a `cost`. A part has whole multiples of `grain` units of one block.
   `even` is for what goes over all samples in each part: a part for each thread must do. */
typedef struct {
    u32 blocks, units, grain, cost, even;
} Division;

/* A cost is about how many vectors are multiplied and added, of which a core does five or six in a nanosecond. */
#define LEAST 2048 /* of a part: less takes hardly longer than to hand it over */

static u32 least(u32 a, u32 b) { return a < b ? a : b; }

/* The cost of a block of a pixel's weights. How many samples there are is not said, only for how many there is room. */
static u32 updating(u32 room) { return 3 * least(room, 128); }

static u32 channels(const Word *conv) { return ((const Conv *)conv->u)->O; }

/* The cost of a convolution for one sample. */
static u32 convolving(const Word *word) {
    const Conv *conv = (const Conv *)word->u;
    return conv->N * conv->N * conv->O * conv->I;
}

static Division division(u32 primitive, const Word *a) {
    switch (primitive) {
    case CALL_COPY: return (Division){1, a[2].u, 16, 1, 0};
    case CALL_LIST_PIXELS: return (Division){1, a[3].u, 16, 2 * a[4].u, 0};
    case CALL_GROUP_PIXELS: return (Division){1, a[8].u, 16, a[2].u, 1};
    case CALL_SPARSE_FORWARD: return (Division){a[6].u / BLOCK, a[4].u, 1, 2 * a[5].u, 0};
    case CALL_SPARSE_UPDATE: return (Division){a[5].u / BLOCK, a[4].u, 16, updating(a[2].u), 0};
    case CALL_SPARSE_MOMENTUM: return (Division){a[6].u / BLOCK, a[5].u, 16, updating(a[3].u), 0};
    case CALL_SPARSE_ADAM: return (Division){a[7].u / BLOCK, a[6].u, 16, updating(a[4].u), 0};
    case CALL_MATMUL: return (Division){1, a[7].u, 4, a[8].u / 4 * a[9].u, 0};
    case CALL_BIAS_UPDATE: return (Division){1, a[5].u, 16, a[2].u / 2, 0};
    case CALL_RELU_FORWARD: return (Division){1, a[1].u, 4, a[2].u / 2, 0};
    case CALL_RELU_BACKWARD: return (Division){1, a[2].u, 4, a[3].u / 2, 0};
    case CALL_ACTIVATE: return (Division){1, a[3].u, 4, 4 * a[4].u, 0};
    case CALL_ACTIVATE_MAPS: return (Division){1, a[5].u, 1, a[2].u * 512, 0};
    case CALL_TIMES: return (Division){1, a[2].u, 4, a[3].u / 2, 0};
    case CALL_DROP: return (Division){1, a[2].u, 4, 8 * a[3].u, 0};
    case CALL_TRANSPOSE: return (Division){1, a[4].u, 16, a[5].u, 0};
    case CALL_NLL: return (Division){1, a[1].u, 8, 512, 0};
    case CALL_INK: return (Division){1, a[4].u, 1, a[5].u * a[5].u, 0};
    case CALL_AUGMENT: return (Division){1, a[4].u, 4, 8192, 0};
    case CALL_IMAGE_CONV_FORWARD: return (Division){1, a[4].u, 1, 4 * convolving(a), 0};
    case CALL_IMAGE_CONV_UPDATE: return (Division){1, a[10].u, 4, 4 * convolving(a) / channels(a) * a[4].u, 1};
    case CALL_CONV_FORWARD: return (Division){1, a[3].u, 1, convolving(a), 0};
    case CALL_CONV_INPUT: return (Division){1, a[3].u, 1, convolving(a), 0};
    case CALL_CONV_WEIGHTS: return (Division){1, a[9].u, 8, convolving(a) / channels(a) * a[4].u, 1};
    case CALL_ADD_SCALED: return (Division){1, a[2].u, 16, 1, 0};
    case CALL_MOVE_MOMENTUM: return (Division){1, a[3].u, 16, 1, 0};
    case CALL_MOVE_ADAM: return (Division){1, a[4].u, 16, 3, 0};
    default: return (Division){0, 0, 1, 0, 0};
    }
}

u32 count_parts(u32 primitive, const Word *arguments, u32 threads) {
    Division d = division(primitive, arguments);
    u64 cost = (u64)d.blocks * d.units * d.cost;
    if (threads < 2 || d.blocks > MOST_PARTS || cost < 2 * LEAST) return 1;
    u32 wanted = (u32)(cost / LEAST < MOST_PARTS ? cost / LEAST : MOST_PARTS);
    wanted = least(wanted, d.even ? threads : 2 * threads);
    u32 each = least((wanted + d.blocks - 1) / d.blocks, MOST_PARTS / d.blocks);
    return d.blocks * least(each, (d.units + d.grain - 1) / d.grain);
}

static void move(Word *address, u32 elements) {
    if (address->u) address->u += 4 * elements;
}

/* Narrow a call's arguments to `count` units of a block from `first` on. */
static void narrow(u32 primitive, Word *a, u32 block, u32 first, u32 count) {
    const Conv *conv = (const Conv *)a[0].u;
    switch (primitive) {
    case CALL_COPY:
    case CALL_ADD_SCALED:
        move(&a[0], first), move(&a[1], first), a[2].u = count;
        return;
    case CALL_LIST_PIXELS:
        a[2].u += first, a[3].u = count;
        move(&a[6], first * SLOT(a[4].u)), move(&a[7], first);
        return;
    case CALL_GROUP_PIXELS:
        a[7].u += first, a[8].u = count;
        return;
    case CALL_SPARSE_FORWARD:
        move(&a[0], block * a[5].u * BLOCK), move(&a[1], block * BLOCK), move(&a[2], first * SLOT(a[5].u)), move(&a[3], first);
        move(&a[7], first * a[8].u + block * BLOCK);
        a[4].u = count, a[6].u = BLOCK;
        return;
    case CALL_SPARSE_UPDATE:
    case CALL_SPARSE_MOMENTUM:
    case CALL_SPARSE_ADAM: {
        u32 tensors = primitive == CALL_SPARSE_UPDATE ? 1 : primitive == CALL_SPARSE_MOMENTUM ? 2 : 3;
        Word *rest = a + tensors; /* columns, columns_stride, counts, D, H, dY */
        for (u32 t = 0; t < tensors; t++) move(&a[t], (block * rest[3].u + first) * BLOCK);
        move(&rest[0], first * rest[1].u), move(&rest[2], first), move(&rest[5], block * BLOCK);
        rest[3].u = count, rest[4].u = BLOCK;
        return;
    }
    case CALL_MATMUL:
        move(&a[0], first * a[1].u), move(&a[2], first * a[3].u), move(&a[10], first * a[11].u), a[7].u = count;
        return;
    case CALL_BIAS_UPDATE:
        move(&a[0], first), move(&a[1], first), a[5].u = count;
        return;
    case CALL_RELU_FORWARD:
        move(&a[0], first * a[2].u), a[1].u = count;
        return;
    case CALL_RELU_BACKWARD:
        move(&a[0], first * a[3].u), move(&a[1], first * a[3].u), a[2].u = count;
        return;
    case CALL_ACTIVATE:
        move(&a[1], first * a[5].u), move(&a[2], first * a[5].u), a[3].u = count;
        return;
    case CALL_ACTIVATE_MAPS:
        conv = (const Conv *)a[1].u;
        move(&a[3], first * conv->stride), move(&a[4], first * conv->stride), a[5].u = count;
        return;
    case CALL_TIMES:
        move(&a[0], first * a[3].u), move(&a[1], first * a[3].u), a[2].u = count;
        return;
    case CALL_DROP:
        move(&a[0], first * a[4].u), move(&a[1], first * a[4].u), a[5].u += first, a[2].u = count;
        return;
    case CALL_TRANSPOSE:
        move(&a[0], first), move(&a[2], first * a[3].u), a[4].u = count;
        return;
    case CALL_NLL:
        move(&a[0], first * a[3].u), a[6].u += first, a[1].u = count;
        return;
    case CALL_INK:
        move(&a[0], first * (a[5].u + 2) * (a[5].u + 4)), a[3].u += first, a[4].u = count;
        return;
    case CALL_AUGMENT:
        a[0].u += first * 784, a[3].u += first, a[4].u = count;
        return;
    case CALL_IMAGE_CONV_FORWARD:
        move(&a[1], first * (conv->N + 2) * (conv->N + 4)), move(&a[5], first * conv->stride);
        a[6].u += first * conv->N * conv->N / 4 * conv->O, a[4].u = count;
        return;
    case CALL_IMAGE_CONV_UPDATE:
        a[9].u += first, a[10].u = count;
        return;
    case CALL_CONV_FORWARD:
        move(&a[1], first * (conv->N + 2) * (conv->N + 2) * conv->I), move(&a[4], first * conv->stride);
        a[5].u += first * conv->N * conv->N / 4 * conv->O, a[3].u = count;
        return;
    case CALL_CONV_INPUT:
        move(&a[1], first * (conv->N + 2) * (conv->N + 2) * conv->I), move(&a[4], first * conv->stride);
        move(&a[5], first * conv->stride), a[6].u += first * conv->N * conv->N / 4 * conv->O, a[3].u = count;
        return;
    case CALL_CONV_WEIGHTS:
        a[8].u += first, a[9].u = count;
        return;
    case CALL_MOVE_MOMENTUM:
        for (u32 t = 0; t < 3; t++) move(&a[t], first);
        a[3].u = count;
        return;
    case CALL_MOVE_ADAM:
        for (u32 t = 0; t < 4; t++) move(&a[t], first);
        a[4].u = count;
        return;
    }
}

/* Let each thread of a convolution have its own room. */
static void choose_room(u32 primitive, Word *a, u32 thread) {
    u32 place = primitive == CALL_CONV_FORWARD || primitive == CALL_CONV_INPUT ? 7 : primitive == CALL_CONV_WEIGHTS ? 10 : 0;
    if (place) a[place].u += thread * conv_room((const Conv *)a[0].u);
}

void do_part(const Job *job, u32 part, u32 thread) {
    Division d = division(job->primitive, job->arguments);
    u32 each = job->parts / d.blocks, place = part % each, groups = (d.units + d.grain - 1) / d.grain;
    u32 first = groups * place / each * d.grain, end = least(groups * (place + 1) / each * d.grain, d.units);
    Word a[ARGUMENTS];
    for (u32 i = 0; i < ARGUMENTS; i++) a[i] = job->arguments[i];
    narrow(job->primitive, a, part / each, first, end - first);
    choose_room(job->primitive, a, thread);
    call_primitive(job->primitive, a);
}

#endif
