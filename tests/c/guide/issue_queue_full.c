// run: issue_queue_full {neff} -> 0
// run: issue_queue_full {neff} 1 -> 0
// run: issue_queue_full {neff} 20 -> 0
// run: NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS=2 issue_queue_full {neff} 3 -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Common issue: NRT_QUEUE_FULL. A wrapper with a cap on requests in flight (argument 2, 3 if none)
// sustains 1000 requests, also where the cap is larger than the queue.
#include "guide.h"

#define REQUESTS 1000

static NRT_STATUS exec_rets[REQUESTS];
static unsigned long refused;

// Waits until fewer than `cap` requests are in flight, then schedules; waits for one more each time the
// queue is full all the same. `last` is the newest request so far.
static nrta_seq_t schedule(nrt_model_t *model, struct io *io, unsigned cap, nrta_seq_t last, NRT_STATUS *exec_ret) {
    for (double end = seconds() + DEADLINE_S;;) {
        nrta_seq_t seq, done = last_completed(0);
        CHECK(seconds() < end);
        CHECK(done <= last);
        if (last - done >= cap) {
            usleep(1);
            continue;
        }
        NRT_STATUS ret = nrta_execute_schedule(model, io->inputs, io->outputs, 0, exec_ret, &seq);
        if (ret != NRT_QUEUE_FULL) {
            OK(ret);
            return seq;
        }
        CHECK(last > done); // only requests in flight can fill a queue
        refused++;
        while (last_completed(0) < done + 1)
            CHECK(seconds() < end);
    }
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    unsigned cap = argc > 2 ? (unsigned)atoi(argv[2]) : 3;
    CHECK(cap > 0);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);

    nrta_seq_t last = last_completed(0);
    for (int i = 0; i < REQUESTS; i++) {
        exec_rets[i] = UNTOUCHED;
        nrta_seq_t seq = schedule(model, &io, cap, last, &exec_rets[i]);
        CHECK(seq == last + 1);
        last = seq;
    }
    wait_for(last);
    for (int i = 0; i < REQUESTS; i++)
        CHECK(exec_rets[i] == NRT_SUCCESS);
    printf("%d requests, at most %u in flight, %lu refused\n", REQUESTS, cap, refused);

    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
