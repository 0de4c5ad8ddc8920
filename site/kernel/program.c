/* Runs a recorded sequence of primitives in one call.

   Python decides which layers follow each other (site/scrawl/net/network.py), but a call from Python costs more than a
   small primitive takes. So Python records its calls once, and `run` repeats them with what differs from step to step:
   the registers. The tables in site/scrawl/net/program.py number primitives and registers and say which arguments a
   primitive takes; infra/page/kernel_build.py makes headers of them when it builds the kernel. */
#include "primitives.h"
#include "team.h"
#include "update.h"

/* arities, and `call(primitive, arguments)`. */
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

void call_primitive(u32 primitive, const Word *arguments) { call(primitive, arguments); }

/* Carry out a call on so many threads. Return 0 if a helper was lost. */
static u32 carry_out(Job *job, u32 threads) {
    job->parts = count_parts(job->primitive, job->arguments, threads);
    if (job->parts > 1) return share_out(job);
    call_primitive(job->primitive, job->arguments);
    return 1;
}

/* What a program changes for good: weights, averages, gradients. Before threads share it, it is copied, so that one thread can
   start again if another is lost. `copy` is 0 for what starts at zero. */
typedef struct {
    float *tensor, *copy;
    u32 count;
} Kept;

static u32 keep(const Kept *kept, u32 count) {
    for (; count; count--, kept++) {
        Job job = {.primitive = CALL_COPY, .arguments = {{(u32)kept->copy}, {(u32)kept->tensor}, {kept->count}}};
        if (kept->copy && !carry_out(&job, team_size())) return 0;
    }
    return 1;
}

static void restore(const Kept *kept, u32 count) {
    for (; count; count--, kept++)
        if (kept->copy) copy(kept->tensor, kept->copy, kept->count);
        else clear(kept->tensor, kept->count);
}

/* base to the power n, the same however many steps are done in one call. */
static double power(double base, u32 n) {
    double result = 1;
    for (; n; n >>= 1, base *= base)
        if (n & 1) result *= base;
    return result;
}

/* What differs from run to run. */
typedef struct {
    u32 images, labels, rows, first, B, steps;
    float step, rate, momentum, weight_decay;
    u32 age, seed;
} Batches;

/* Run the steps of the batches. Return 0 if a helper was lost on the way. A single picture, such as one that is being drawn, is
   done before a sleeping helper would be awake, and must not wait for one that has no processor. */
static u32 run_steps(const Instruction *program, u32 count, Batches batch) {
    u32 threads = batch.B > 1 ? team_size() : 1;
    for (; batch.steps; batch.steps--, batch.first += batch.B) {
        batch.age++;
        AdamStep adam = adam_step(batch.rate, batch.weight_decay, 1 - power(BETA1, batch.age), 1 - power(BETA2, batch.age));
        const Word registers[REGISTERS] = {
            [IMAGES] = {batch.images},
            [LABELS] = {batch.labels},
            [ROWS] = {batch.rows},
            [FIRST] = {batch.first},
            [COUNT] = {batch.B},
            [STEP] = {.f = batch.step},
            [ONE] = {.f = 1},
            [RATE] = {.f = batch.rate},
            [MOMENTUM] = {.f = batch.momentum},
            [WEIGHT_DECAY] = {.f = batch.weight_decay},
            [ADAM_RATE] = {.f = adam.rate},
            [ADAM_EPSILON] = {.f = adam.epsilon},
            [ADAM_KEEP] = {.f = adam.keep},
            [SEED] = {batch.seed},
        };
        for (u32 n = 0; n < count; n++) {
            Job job = {.primitive = program[n].primitive};
            for (u32 i = 0; i < ARGUMENTS; i++) {
                Word word = program[n].arguments[i];
                job.arguments[i] = program[n].registers >> i & 1 ? registers[word.u] : word;
            }
            if (!carry_out(&job, threads)) return 0;
        }
    }
    return 1;
}

/* Run `count` instructions, once for each of `steps` batches: rows first .., first + B .. and so on. `score` becomes the sum
   over them. `age` is how many steps came before these, which Adam needs to know. `kept` (tensors) are as above. */
EXPORT(run)
void run(const Instruction *program, u32 count, u32 images, u32 labels, u32 rows, u32 first, u32 B, u32 steps, float step,
         float rate, float momentum, float weight_decay, u32 age, u32 seed, Score *score, const Kept *kept, u32 tensors) {
    Batches batches = {images, labels, rows, first, B, steps, step, rate, momentum, weight_decay, age, seed};
    for (u32 n = 0; n < count; n++) check(&program[n]);
    *score = (Score){0, 0};
    if (team_size() > 1 && !keep(kept, tensors)) tensors = 0; /* nothing has been changed yet */
    if (run_steps(program, count, batches)) return;
    restore(kept, tensors);
    *score = (Score){0, 0};
    run_steps(program, count, batches);
}
