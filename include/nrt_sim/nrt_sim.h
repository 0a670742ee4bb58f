/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Control of the simulated device while a program runs: faults, queues, time.
 *
 * This is the simulator's own interface; the vendor's runtime has nothing like it, and all of it is
 * chosen here. Its symbols have a version node of their own, NRT_SIM_1.0, so a program that is
 * linked with them does not start on the vendor's library. A program for both looks each up with
 * dlsym, and goes without where that finds nothing:
 *
 *     NRT_STATUS (*inject)(const char *, uint64_t *) = dlsym(RTLD_DEFAULT, "nrt_sim_inject");
 *     if (inject != NULL)
 *         inject("unit = \"compute\"\nnth = 3\nstatus = 1202", NULL);
 *
 * All functions may be called from any thread. Before nrt_init they answer NRT_UNINITIALIZED, after
 * nrt_close NRT_CLOSED, in a forked child NRT_FAILURE; what is wrong with an argument is
 * NRT_INVALID. Each failure is a line of the log, and changes nothing.
 *
 * A queue is named by logical core (of the process), kind of unit (nrta_xu_t of SDK 2.29 and later,
 * also in programs of 2.28) and number.
 */
#ifndef NRT_SIM_H
#define NRT_SIM_H

#include <stddef.h>
#include <stdint.h>

#include <nrt/nrt_status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- faults ---------------------------------------------------------------------------------- */

/* Adds one rule, which is asked before all others. `rule` is TOML: the keys of a rule of a fault
 * plan, an inline table of them, or a plan with one rule (docs/faults.md). `id` may be NULL; it is
 * the number by which nrt_sim_get_rule knows the rule. The name must not be taken. */
NRT_STATUS nrt_sim_inject(const char *rule, uint64_t *id);

/* Removes the rule of that name, or for NULL all rules, those of the plan too. What they have done
 * stays done. NRT_INVALID if there is no such rule; removing all of none is fine. */
NRT_STATUS nrt_sim_clear(const char *name);

/* What a rule has done. */
typedef struct nrt_sim_rule {
    uint64_t matched; /* requests and calls that it was for */
    uint64_t struck;  /* those that its trigger chose */
    uint64_t fired;   /* those on which it had an effect */
    uint32_t armed;   /* 1 if it can still fire */
    uint32_t require_fired;
    char name[104]; /* ends with a zero byte */
} nrt_sim_rule_t;

/* How many rules there have been since nrt_init; their ids are 0 to that, exclusive. */
NRT_STATUS nrt_sim_get_rule_count(uint64_t *count);

/* What rule `id` has done, cut to `size` bytes. Of a rule that was removed the name is empty. */
NRT_STATUS nrt_sim_get_rule(uint64_t id, nrt_sim_rule_t *rule, size_t size);

/* Reads the journal of faults that fired, a line of JSON for each, from entry `*cursor` on (0: the
 * oldest), as many whole lines as fit into `size` bytes with a zero byte behind them. `*length` is
 * without that byte; 0 says that there is no more. `*cursor` is moved on. The latest 65536 entries
 * are kept. NRT_RESOURCE if not even one line fits. */
NRT_STATUS nrt_sim_read_journal(uint64_t *cursor, char *buffer, size_t size, size_t *length);

/* ---- queues ---------------------------------------------------------------------------------- */

/* Lets no further request of the queue complete. What is submitted is accepted while there is room.
 * Waits for a request that is being computed. Pausing twice is pausing once. */
NRT_STATUS nrt_sim_pause(uint32_t lnc, uint32_t xu, int queue);

/* Ends a pause; fine if there is none. */
NRT_STATUS nrt_sim_resume(uint32_t lnc, uint32_t xu, int queue);

/* Lets the next `requests` of a paused queue complete and waits for them; `stepped`, which may be
 * NULL, is how many there were. NRT_INVALID if the queue is not paused. */
NRT_STATUS nrt_sim_step(uint32_t lnc, uint32_t xu, int queue, uint64_t requests, uint64_t *stepped);

/* Undoes what faults have done to the queue: a dead unit lives, and a request that is stuck or whose
 * completion was lost goes on. Requests behind a fatal one are answered with 101 first. Sequence
 * numbers go on. The real runtime has no such thing: there a new process is needed. */
NRT_STATUS nrt_sim_heal(uint32_t lnc, uint32_t xu, int queue);

/* What a queue does. */
typedef struct nrt_sim_queue {
    uint64_t submitted;       /* number of the last request that was accepted */
    uint64_t completed;       /* number of the last request that has completed */
    uint64_t capacity;        /* requests that fit; UINT64_MAX if there is no bound */
    uint64_t running;         /* number of the request that has begun, 0 if none */
    uint64_t running_ends_ns; /* its end in simulated time, UINT64_MAX if it has none */
    uint32_t dead;            /* 1 if a fatal status has ended the unit */
    uint32_t paused;
    uint32_t held; /* 1 if a fault holds the first request up */
    uint32_t reserved;
} nrt_sim_queue_t;

/* A snapshot of the queue, cut to `size` bytes. Waits for a request that is being computed. */
NRT_STATUS nrt_sim_get_queue(uint32_t lnc, uint32_t xu, int queue, nrt_sim_queue_t *state, size_t size);

/* ---- time ------------------------------------------------------------------------------------ */

/* The simulated time since nrt_init in nanoseconds: what the program has seen of it (docs/time.md). */
NRT_STATUS nrt_sim_get_time(uint64_t *ns);

/* Keeps the program busy for `ns` of simulated time: in manual time all that ends by then completes;
 * in free-running time the clock is moved; in wall-clock time the call sleeps. */
NRT_STATUS nrt_sim_advance(uint64_t ns);

/* In manual time: moves time to the next event on any queue, and does what is due then. `ns`, which
 * may be NULL, is that instant. NRT_QUEUE_EMPTY if nothing comes by itself; NRT_INVALID in other
 * modes of time. */
NRT_STATUS nrt_sim_step_time(uint64_t *ns);

/* Waits until everything that was accepted before the call has completed. NRT_TIMEOUT if something
 * does not by itself: it is paused, or a fault holds it up. */
NRT_STATUS nrt_sim_wait_idle(void);

#ifdef __cplusplus
}
#endif

#endif
