/* A program's primitives on several threads. team.c says how threads share a primitive, parts.c into which parts it falls. */
#ifndef TEAM_H
#define TEAM_H

#include "scrawl.h"

/* PRIMITIVES, ARGUMENTS, and the numbers of primitives and registers; made by infra/page/kernel_build.py. */
#include "numbers.h"

enum { MOST_PARTS = 32, MOST_THREADS = 16 };

typedef union {
    u32 u;
    float f;
} Word;

/* A call of a primitive, all of whose arguments are known. */
typedef struct {
    u32 primitive, parts;
    Word arguments[ARGUMENTS];
} Job;

/* In program.c: carry out a call. */
void call_primitive(u32 primitive, const Word *arguments);

#ifdef __wasm_atomics__

/* How many threads there are, this one included. */
u32 team_size(void);

/* Carry out a job on all threads; 0 if a helper was lost and part of the job is not done or not known to be done. */
u32 share_out(const Job *job);

/* Into how many parts a call falls, for so many threads; 1 if it is too small to be divided, or cannot be. */
u32 count_parts(u32 primitive, const Word *arguments, u32 threads);

/* Carry out one part of a job, as the thread of this number, 0 for the first. */
void do_part(const Job *job, u32 part, u32 thread);

#else /* the build without shared memory has one thread */

static inline u32 team_size(void) { return 1; }
static inline u32 share_out(const Job *job) { return !job; }
static inline u32 count_parts(u32 primitive, const Word *arguments, u32 threads) {
    (void)primitive, (void)arguments;
    return threads;
}

#endif

#endif
