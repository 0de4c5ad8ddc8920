/* Threads that share the memory and the work: one that runs programs, and helpers, which only do parts of its jobs.

   The first thread writes down a job and a bit for each of its parts, the ticket. Whoever takes a bit does that part; the
   first thread takes some, too, and waits until all are done. A thread prefers the same share of each job, so that weights
   stay in its cache. Which thread does which part changes nothing in the result. A helper that has not started, sleeps
   or has died takes no parts, and nobody waits for it. One that stops in the middle of a part is lost: the job fails, and
   the program is run again by one thread (program.c). Only in the build with shared memory. */
#include "team.h"

#ifdef __wasm_atomics__

#define SPINS 20000             /* of the first thread, some 40 µs: as long as a part may take */
#define IDLE 6000               /* of a helper, some 40 µs: as long as a primitive that is not divided may take */
#define SLICE 100000000         /* ns of one sleep; a machine that was suspended lets only one of them pass */

typedef struct {
    u64 ticket __attribute__((aligned(64))); /* above, the team's number; below, a bit for each part that nobody has taken */
    u32 left __attribute__((aligned(64)));   /* parts that are not done */
    u32 jobs __attribute__((aligned(64)));   /* how many there have been; helpers sleep until it changes */
    u32 asleep;                              /* whether helpers may be sleeping */
    u32 waiting;                             /* whether the first thread sleeps until `left` changes */
    u32 lost;                                /* helpers that stopped in the middle of a part of this job */
    u32 size, number;                        /* threads; how many teams there have been */
    u32 patience;                            /* slices to wait for a helper in which nothing happens */
    u32 working[MOST_THREADS];               /* whether a thread is in the middle of a part */
    Job job;
} Team;

static Team team = {.size = 1};

#define LOAD(place) __atomic_load_n(&(place), __ATOMIC_SEQ_CST)
#define STORE(place, value) __atomic_store_n(&(place), value, __ATOMIC_SEQ_CST)

u32 team_size(void) { return team.size; }

static void wake_helpers(void) {
    __atomic_fetch_add(&team.jobs, 1, __ATOMIC_SEQ_CST);
    if (__atomic_exchange_n(&team.asleep, 0, __ATOMIC_SEQ_CST)) __builtin_wasm_memory_atomic_notify((int *)&team.jobs, MOST_THREADS);
}

/* Have a new team of `size` threads; helpers of the one before end. Return its number, which its helpers have to know.
   A helper that is silent for `patience` tenths of a second counts as lost. */
EXPORT(set_team)
u32 set_team(u32 size, u32 patience) {
    team.size = size > MOST_THREADS ? MOST_THREADS : size ? size : 1;
    team.patience = patience;
    STORE(team.ticket, (u64)++team.number << 32);
    wake_helpers();
    return team.number;
}

/* How many threads there still are: 1 after a helper was lost. */
EXPORT(team_size_left)
u32 team_size_left(void) { return team.size; }

/* Take a part, the first at or after `from`, going round; MOST_PARTS if there is none. */
static u32 take(u32 number, u32 from) {
    u64 ticket = LOAD(team.ticket);
    while ((u32)ticket && ticket >> 32 == number) {
        u32 open = (u32)ticket, part = ((u32)__builtin_ctz(open >> from | (from ? open << (32 - from) : 0)) + from) % 32;
        if (__atomic_compare_exchange_n(&team.ticket, &ticket, ticket & ~((u64)1 << part), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return part;
    }
    return MOST_PARTS;
}

/* Do a part if there is one. */
static u32 help_once(u32 thread, u32 number) {
    u32 part = take(number, LOAD(team.job.parts) * thread / team.size % 32);
    if (part == MOST_PARTS) return 0;
    team.working[thread] = 1;
    do_part(&team.job, part, thread);
    team.working[thread] = 0;
    if (__atomic_sub_fetch(&team.left, 1, __ATOMIC_SEQ_CST) == 0 && LOAD(team.waiting))
        __builtin_wasm_memory_atomic_notify((int *)&team.left, 1);
    return 1;
}

/* What a helper does until its team is dissolved. `thread` is its number, 1 or higher. */
EXPORT(help)
void help(u32 thread, u32 number) {
    for (u32 idle = 0; LOAD(team.ticket) >> 32 == number;) {
        u32 jobs = LOAD(team.jobs);
        if (help_once(thread, number)) {
            idle = 0;
        } else if (++idle > IDLE) {
            idle = 0;
            STORE(team.asleep, 1);
            if (LOAD(team.ticket) >> 32 == number) __builtin_wasm_memory_atomic_wait32((int *)&team.jobs, (int)jobs, -1);
        }
    }
}

/* Say that a helper has stopped: it threw an error. */
EXPORT(give_up)
void give_up(u32 thread, u32 number) {
    if (LOAD(team.ticket) >> 32 != number || !team.working[thread]) return;
    team.working[thread] = 0;
    __atomic_fetch_add(&team.lost, 1, __ATOMIC_SEQ_CST);
    __builtin_wasm_memory_atomic_notify((int *)&team.left, 1);
}

/* Wait until all parts are done. Return 0 if that will not happen; then nobody works any more, as far as one can know. */
static u32 wait_for_helpers(void) {
    u32 spins = 0, silent = 0, left;
    while ((left = LOAD(team.left)) > LOAD(team.lost)) {
        if (++spins < SPINS) continue;
        STORE(team.waiting, 1);
        if (__builtin_wasm_memory_atomic_wait32((int *)&team.left, (int)left, SLICE) < 2) silent = 0;
        else if (++silent > team.patience) return 0;
    }
    return !left;
}

u32 share_out(const Job *job) {
    team.job = *job;
    team.lost = 0;
    STORE(team.waiting, 0);
    STORE(team.left, job->parts);
    STORE(team.ticket, (u64)team.number << 32 | (job->parts < 32 ? (1u << job->parts) - 1 : 0xffffffffu));
    wake_helpers();
    for (u32 part; (part = take(team.number, 0)) < MOST_PARTS;) {
        do_part(job, part, 0);
        __atomic_fetch_sub(&team.left, 1, __ATOMIC_SEQ_CST);
    }
    if (wait_for_helpers()) return 1;
    set_team(1, 0);
    return 0;
}

#endif
