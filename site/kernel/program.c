/* Runs a recorded sequence of primitives in one call.

   Python decides which layers follow each other (site/scrawl/net/network.py), but a call from Python costs more than a
   small primitive takes. So Python records its calls once, and `run` repeats them with what differs from step to step:
   the registers. The tables in site/scrawl/net/program.py number primitives and registers and say which arguments a
   primitive takes; infra/page/kernel_build.py makes dispatch.h of them when it builds the kernel. */
#include "primitives.h"
#include "update.h"

typedef union {
    u32 u;
    float f;
} Word;

/* PRIMITIVES, ARGUMENTS, arities, the numbers of the registers, and `call(primitive, arguments)`. */
#include "dispatch.h"

typedef struct {
    uint16_t primitive;
    uint16_t arity;
    u32 registers; /* bit i: argument i is the number of a register */
    Word arguments[ARGUMENTS];
} Instruction;

/* Stop at an instruction that `call` cannot carry out. */
static void check(const Instruction *instruction) {
    if (instruction->primitive >= PRIMITIVES || instruction->arity != arities[instruction->primitive]) __builtin_trap();
    for (u32 i = 0; i < instruction->arity; i++)
        if (instruction->registers >> i & 1 && instruction->arguments[i].u >= REGISTERS) __builtin_trap();
}

/* base to the power n, the same however many steps are done in one call. */
static double power(double base, u32 n) {
    double result = 1;
    for (; n; n >>= 1, base *= base)
        if (n & 1) result *= base;
    return result;
}

/* Run `count` instructions, once for each of `steps` batches: rows first .., first + B .. and so on. `score` becomes the sum
   over them. `age` is how many steps came before these, which Adam needs to know. */
EXPORT(run)
void run(const Instruction *program, u32 count, u32 images, u32 labels, u32 rows, u32 first, u32 B, u32 steps, float step,
         float rate, float momentum, float weight_decay, u32 age, u32 seed, Score *score) {
    *score = (Score){0, 0};
    for (u32 n = 0; n < count; n++) check(&program[n]);
    for (; steps; steps--, first += B) {
        age++;
        AdamStep adam = adam_step(rate, weight_decay, 1 - power(BETA1, age), 1 - power(BETA2, age));
        const Word registers[REGISTERS] = {
            [IMAGES] = {images},
            [LABELS] = {labels},
            [ROWS] = {rows},
            [FIRST] = {first},
            [COUNT] = {B},
            [STEP] = {.f = step},
            [ONE] = {.f = 1},
            [RATE] = {.f = rate},
            [MOMENTUM] = {.f = momentum},
            [WEIGHT_DECAY] = {.f = weight_decay},
            [ADAM_RATE] = {.f = adam.rate},
            [ADAM_EPSILON] = {.f = adam.epsilon},
            [ADAM_KEEP] = {.f = adam.keep},
            [SEED] = {seed},
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
