// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the programs of this folder share: runs of 50 ms in implicit async mode, and what is told of them.
#ifndef IMPLICIT_H
#define IMPLICIT_H

#include "../time/mode.h"

#include <pthread.h>

#define RUN_MS 50

static inline uint64_t done(void) {
    nrt_sim_queue_t queue;
    OK(nrt_sim_get_queue(0, NRTA_XU_COMPUTE, 0, &queue, sizeof queue));
    return queue.completed;
}

static inline uint64_t accepted(void) {
    nrt_sim_queue_t queue;
    OK(nrt_sim_get_queue(0, NRTA_XU_COMPUTE, 0, &queue, sizeof queue));
    return queue.submitted;
}

// The place of the first input, or output, among the tensors of `io`.
static inline uint64_t first(const struct io *io, bool input) {
    for (uint64_t i = 0; i < io->count; i++)
        if (io->is_input[i] == input)
            return i;
    CHECK(!"a model has inputs and outputs");
    return 0;
}

static inline nrt_tensor_t *input(const struct io *io) { return io->tensors[first(io, true)]; }
static inline nrt_tensor_t *output(const struct io *io) { return io->tensors[first(io, false)]; }
static inline size_t input_size(const struct io *io) { return io->sizes[first(io, true)]; }
static inline size_t output_size(const struct io *io) { return io->sizes[first(io, false)]; }

// What a callback was told, and how the program sleeps until then: without the library.
#define TOLD_MAX 256
struct told {
    void *params;
    uint32_t model, vnc;
    uint64_t job;
    NRT_STATUS status;
};
static struct told told[TOLD_MAX];
static unsigned told_count;
static pthread_mutex_t told_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t told_news = PTHREAD_COND_INITIALIZER;

static inline void note(void *params, uint32_t model, uint32_t vnc, uint64_t job, NRT_STATUS status) {
    pthread_mutex_lock(&told_lock);
    CHECK(told_count < TOLD_MAX);
    told[told_count++] = (struct told){params, model, vnc, job, status};
    pthread_cond_broadcast(&told_news);
    pthread_mutex_unlock(&told_lock);
}

static inline unsigned told_by_now(void) {
    pthread_mutex_lock(&told_lock);
    unsigned count = told_count;
    pthread_mutex_unlock(&told_lock);
    return count;
}

static inline void sleep_until_told(unsigned count) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += DEADLINE_S;
    pthread_mutex_lock(&told_lock);
    while (told_count < count)
        CHECK(pthread_cond_timedwait(&told_news, &told_lock, &end) == 0);
    pthread_mutex_unlock(&told_lock);
}

#endif
