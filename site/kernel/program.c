/* Runs a recorded sequence of primitives in one call.

   Which layers follow each other is Python's to say (site/scrawl/net/network.py), but a call from Python costs more than a
   small primitive takes. So Python records its calls once, and `run` repeats them with what differs from step to step:
   the registers. Primitives and registers are numbered in the order of the lists in site/scrawl/net/program.py. */
#include "primitives.h"
#include "update.h"

enum { ARGUMENTS = 14, REGISTERS = 14 };

typedef union {
    u32 u;
    float f;
} Word;

typedef struct {
    u32 primitive;
    u32 registers; /* bit i: argument i is the number of a register */
    Word arguments[ARGUMENTS];
} Instruction;

#define U(i) a[i].u
#define F(i) a[i].f
#define P(type, i) ((type *)(a[i].u))

static void call(u32 primitive, const Word *a) {
    switch (primitive) {
    case 0: fetch_images(P(u8, 0), P(u32, 1), U(2), U(3), U(4)); return;
    case 1: list_pixels(P(u8, 0), P(u32, 1), U(2), U(3), U(4), P(u8, 5), P(Entry, 6), P(u32, 7)); return;
    case 2: group_pixels(P(Entry, 0), P(u32, 1), U(2), U(3), P(Entry, 4), U(5), P(u32, 6)); return;
    case 3: sparse_forward(P(float, 0), P(float, 1), P(Entry, 2), P(u32, 3), U(4), U(5), U(6), P(float, 7), U(8)); return;
    case 4: sparse_update(P(float, 0), P(Entry, 1), U(2), P(u32, 3), U(4), U(5), P(float, 6), U(7), F(8)); return;
    case 5:
        matmul(P(float, 0), U(1), P(float, 2), U(3), U(4), P(float, 5), U(6), U(7), U(8), U(9), P(float, 10), U(11), F(12));
        return;
    case 6: bias_update(P(float, 0), P(float, 1), U(2), U(3), F(4)); return;
    case 7: relu_forward(P(float, 0), U(1), U(2)); return;
    case 8: relu_backward(P(float, 0), P(float, 1), U(2), U(3)); return;
    case 9: transpose(P(float, 0), U(1), P(float, 2), U(3), U(4), U(5)); return;
    case 10: nll(P(float, 0), U(1), U(2), U(3), P(u8, 4), P(u32, 5), U(6), P(Score, 7)); return;
    case 11: softmax(P(float, 0), U(1), U(2)); return;
    case 12: ink(P(float, 0), P(u8, 1), P(u32, 2), U(3), U(4), U(5)); return;
    case 13:
        image_conv_forward(P(Conv, 0), P(float, 1), P(float, 2), P(float, 3), U(4), P(float, 5), P(u8, 6));
        return;
    case 14:
        image_conv_update(P(Conv, 0), P(float, 1), P(float, 2), P(float, 3), U(4), P(float, 5), P(float, 6), P(u8, 7), F(8));
        return;
    case 15:
        conv_forward(P(Conv, 0), P(float, 1), P(float, 2), P(float, 3), U(4), P(float, 5), P(u8, 6), P(void, 7));
        return;
    case 16:
        conv_backward(P(Conv, 0), P(float, 1), P(float, 2), P(float, 3), P(float, 4), P(float, 5), U(6), P(float, 7),
                      P(float, 8), P(u8, 9), P(void, 10));
        return;
    case 17: add_scaled(P(float, 0), P(float, 1), U(2), F(3)); return;
    case 18: move_momentum(P(float, 0), P(float, 1), P(float, 2), U(3), F(4), F(5), F(6)); return;
    case 19: move_adam(P(float, 0), P(float, 1), P(float, 2), P(float, 3), U(4), F(5), F(6), F(7)); return;
    case 20:
        sparse_momentum(P(float, 0), P(float, 1), P(Entry, 2), U(3), P(u32, 4), U(5), U(6), P(float, 7), U(8), F(9), F(10),
                        F(11), F(12));
        return;
    case 21:
        sparse_adam(P(float, 0), P(float, 1), P(float, 2), P(Entry, 3), U(4), P(u32, 5), U(6), U(7), P(float, 8), U(9),
                    F(10), F(11), F(12), F(13));
        return;
    case 22: augment(P(u8, 0), P(u8, 1), P(u32, 2), U(3), U(4), U(5)); return;
    default: __builtin_trap();
    }
}

/* base to the power n, the same however many steps are done in one call. */
static double power(double base, u32 n) {
    double result = 1;
    for (; n; n >>= 1, base *= base)
        if (n & 1) result *= base;
    return result;
}

/* Run `count` instructions, once for each of `steps` batches: rows first .., first + B .. and so on. `score` becomes the sum
   over them. `age` is how many steps there have been before these, which Adam wants to know. The registers are images,
   labels, rows, first, B, step, 1, rate, momentum, weight_decay, Adam's rate, epsilon and keep, and seed, in this order. */
EXPORT(run)
void run(const Instruction *program, u32 count, u32 images, u32 labels, u32 rows, u32 first, u32 B, u32 steps, float step,
         float rate, float momentum, float weight_decay, u32 age, u32 seed, Score *score) {
    *score = (Score){0, 0};
    for (; steps; steps--, first += B) {
        age++;
        AdamStep adam = adam_step(rate, weight_decay, 1 - power(BETA1, age), 1 - power(BETA2, age));
        const Word registers[REGISTERS] = {
            {images}, {labels}, {rows}, {first}, {B},
            {.f = step}, {.f = 1}, {.f = rate}, {.f = momentum}, {.f = weight_decay},
            {.f = adam.rate}, {.f = adam.epsilon}, {.f = adam.keep}, {seed},
        };
        for (u32 n = 0; n < count; n++) {
            Word a[ARGUMENTS];
            for (u32 i = 0; i < ARGUMENTS; i++) {
                Word word = program[n].arguments[i];
                a[i] = program[n].registers >> i & 1 ? registers[word.u] : word;
            }
            call(program[n].primitive, a);
        }
    }
}
