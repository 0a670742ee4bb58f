// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A program on its way from implicit to explicit mode. As it is, it is migrated; each of these macros leaves
// one thing undone, as it is left undone in the field:
//
//   VARIABLE_SET     sets the variable of implicit mode
//   RUNS_BLOCKING    still calls nrt_execute
//   NO_COMPLETION    asks for no completion
//   STATUS_IGNORED   looks at no status
//   READS_EARLY      reads outputs before the completion
//   READS_QUEUED     queues the read of the outputs without waiting for the run
//   STATUS_SHARED    has one status for all requests in flight
//   SPINS            tries a full queue again at once
//   DROPS            takes a full queue for the end of a request
//   EVENT_CLOSED     closes the eventfd before it is signalled
//   UNIT_IGNORED     submits to a lost unit for ever
//   FORKS            leaves a child behind
//   CRASHES          dies at the fourth batch
//   FLOODS           prints for ever
#include <sys/eventfd.h>
#include <unistd.h>

#include <nrt/nrt_async.h>

#include "workload.h"

#ifdef NO_COMPLETION
#define BATCHES 8 // as many as the queue takes: in manual time only looks make room
#else
#define BATCHES BATCHES_DEFAULT
#endif

struct request {
    NRT_STATUS status;
    nrta_seq_t seq;
};

static struct workload work;
static struct request requests[SLOTS];

static void wait_for(nrta_seq_t seq) {
    bool done = false;
    for (;;) {
        must(nrta_is_completed(seq, &done), "nrta_is_completed");
        if (done)
            return;
        usleep(50);
    }
}

static NRT_STATUS submit(struct slot *slot, struct request *request) {
#ifdef RUNS_BLOCKING
    request->status = nrt_execute(work.model, slot->inputs, slot->outputs);
    return request->status;
#endif
    NRT_STATUS *status = &request->status;
#ifdef STATUS_SHARED
    status = &requests[0].status;
#endif
    return nrta_execute_schedule(work.model, slot->inputs, slot->outputs, 0, status, &request->seq);
}

#ifdef READS_QUEUED
// The read is on another queue: nothing orders it after the run.
static void queue_read(struct slot *slot, unsigned batch) {
    static uint64_t results[8];
    for (uint64_t i = 0; i < work.info->tensor_count; i++) {
        const nrt_tensor_info_t *info = &work.info->tensor_array[i];
        if (info->usage != NRT_TENSOR_USAGE_OUTPUT || info->size < sizeof results)
            continue;
        NRT_STATUS status;
        nrta_seq_t seq;
        must(nrta_tensor_read(results, slot->tensors[i], 0, sizeof results, CORE, 0, &status, &seq), "nrta_tensor_read");
        wait_for(seq);
        printf("batch %4u  begins with %016llx\n", batch, (unsigned long long)results[0]);
    }
}
#endif

// Waits for a request and prints its results.
static void collect(unsigned batch) {
    struct request *request = &requests[batch % SLOTS];
    struct slot *slot = &work.slots[batch % SLOTS];
    (void)request;
#if !defined(NO_COMPLETION) && !defined(RUNS_BLOCKING)
    wait_for(request->seq);
#endif
#ifndef STATUS_IGNORED
    if (request->status != NRT_SUCCESS) {
        fprintf(stderr, "batch %u failed: %d\n", batch, (int)request->status);
#ifdef UNIT_IGNORED
        return;
#endif
        exit(request->status == NRT_FAILURE ? 1 : 3);
    }
#endif
#if !defined(READS_EARLY) && !defined(READS_QUEUED)
    must(print_outputs(&work, slot, batch), "nrt_tensor_read");
#endif
    (void)slot;
}

int main(int argc, char **argv) {
    if (argc != 2)
        die("usage: %s MODEL.neff", argv[0]);
#ifdef VARIABLE_SET
    setenv("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "3", 1);
#endif
#ifdef FORKS
    if (fork() == 0) {
        sleep(600);
        _exit(0);
    }
#endif
    workload_open(&work, argv[1]);
    unsigned collected = 0;
    for (unsigned batch = 0; batch < BATCHES; batch++) {
        struct slot *slot = &work.slots[batch % SLOTS];
        if (batch - collected == SLOTS)
            collect(collected++);
        must(write_inputs(&work, slot, batch), "nrt_tensor_write");
        NRT_STATUS ret;
        while ((ret = submit(slot, &requests[batch % SLOTS])) != NRT_SUCCESS) {
            if (ret == NRT_QUEUE_FULL) {
#if defined(SPINS)
                continue;
#elif defined(DROPS)
                break;
#else
                collect(collected++);
                continue;
#endif
            }
#ifdef UNIT_IGNORED
            if (ret == NRT_EXEC_UNIT_UNRECOVERABLE)
                continue;
#endif
            fprintf(stderr, "batch %u was not queued: %d\n", batch, (int)ret);
            exit(3);
        }
#ifdef EVENT_CLOSED
        int event = eventfd(0, EFD_NONBLOCK);
        must(nrta_event_register_seq_id_completion(requests[batch % SLOTS].seq, event), "registration");
        close(event);
#endif
#ifdef READS_EARLY
        must(print_outputs(&work, slot, batch), "nrt_tensor_read");
#endif
#ifdef READS_QUEUED
        queue_read(slot, batch);
#endif
#ifdef CRASHES
        if (batch == 3)
            abort();
#endif
#ifdef FLOODS
        for (;;)
            printf("again and again and again and again and again and again and again and again\n");
#endif
    }
    while (collected < BATCHES)
        collect(collected++);
    workload_close(&work);
    return 0;
}
