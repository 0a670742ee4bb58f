// run: after {neff} -> 0
// run: after --wait=poll {neff} -> 0
// run: after --wait=sequence {neff} -> 0
// run: after --wait=event {neff} -> 0
// run: NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS=1 after {neff} 200 -> 0
// run: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=3,status=1202}] after {neff} -> 3
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 after {neff} -> 1
// run: after no-such-file.neff -> 1
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// After the migration: explicit asynchronous calls. The five steps of the guide are marked below.
// The results table is the same, line by line, as that of before.c.
#include "workload.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <nrt/nrt_async.h>

#define WAIT_LIMIT_MS 60000 // longer than the runtime's own limit for one request

// A slot and the request that uses it. The runtime writes `status` when the request completes, so it
// must stay where it is until then: here, in the program's own array.
struct request {
    struct slot *slot;
    NRT_STATUS status;
    nrta_seq_t seq;
};

// What became of the batches.
struct tally {
    unsigned failed;  // ended with a status of their own
    unsigned drained; // ended with 101: queued behind a request that took the unit down
    bool unit_lost;
};

static enum { WAIT_POLL, WAIT_SEQUENCE, WAIT_EVENT } wait_mode = WAIT_EVENT;
static int completion_fd = -1;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool is_completed(nrta_seq_t seq) {
    bool done = false;
    if (wait_mode == WAIT_SEQUENCE) {
        // The last completed request of the unit; ids of one unit compare as plain numbers.
        nrta_seq_t completed;
        must(nrta_get_sequence(CORE, NRTA_XU_COMPUTE, 0, &completed), "nrta_get_sequence");
        done = completed >= seq;
    } else {
        must(nrta_is_completed(seq, &done), "nrta_is_completed");
    }
    return done;
}

// Step 3: wait for one particular request.
static void wait_for(nrta_seq_t seq) {
    int64_t deadline = now_ms() + WAIT_LIMIT_MS;
    if (wait_mode == WAIT_EVENT) {
        // Registering late is fine: a request that has completed already signals at once.
        must(nrta_event_register_seq_id_completion(seq, completion_fd), "nrta_event_register_seq_id_completion");
        struct pollfd ready = {.fd = completion_fd, .events = POLLIN};
        int n;
        do {
            int64_t left = deadline - now_ms();
            n = poll(&ready, 1, left > 0 ? (int)left : 0);
        } while (n < 0 && errno == EINTR);
        uint64_t signals;
        if (n != 1 || read(completion_fd, &signals, sizeof signals) != sizeof signals)
            die("no signal for request %#llx", (unsigned long long)seq);
    }
    while (!is_completed(seq)) {
        if (now_ms() > deadline)
            die("request %#llx did not complete in %d ms", (unsigned long long)seq, WAIT_LIMIT_MS);
        usleep(1);
    }
}

// Step 4: each request has its own status, and it is valid from completion on, not before.
static void collect(struct workload *work, struct request *request, unsigned batch, struct tally *tally) {
    wait_for(request->seq);
    if (request->status == NRT_SUCCESS) {
        must(print_outputs(work, request->slot, batch), "nrt_tensor_read"); // the outputs are fresh now
    } else if (request->status == NRT_EXEC_UNIT_UNRECOVERABLE) {
        tally->drained++;
        tally->unit_lost = true;
    } else {
        fprintf(stderr, "batch %u (request number %llu) failed: %s (%d)\n", batch,
                (unsigned long long)NRTA_SEQ_GET_SEQ_NUM(request->seq), status_name(request->status),
                (int)request->status);
        tally->failed++;
        // Timeouts and hardware errors take the execution unit down with the request.
        if (request->status == NRT_TIMEOUT || request->status >= NRT_EXEC_HW_ERR_COLLECTIVES)
            tally->unit_lost = true;
    }
}

int main(int argc, char **argv) {
    const char *program = argv[0];
    if (argc > 1 && strncmp(argv[1], "--wait=", 7) == 0) {
        const char *mode = argv[1] + 7;
        if (strcmp(mode, "poll") == 0)
            wait_mode = WAIT_POLL;
        else if (strcmp(mode, "sequence") == 0)
            wait_mode = WAIT_SEQUENCE;
        else if (strcmp(mode, "event") != 0)
            die("--wait=%s: choose poll, sequence or event", mode);
        argc--, argv++;
    }
    if (argc < 2 || argc > 3)
        die("usage: %s [--wait=poll|sequence|event] MODEL.neff [BATCHES]", program);
    unsigned batches = argc > 2 ? parse_batches(argv[2]) : BATCHES_DEFAULT;

    // Step 1: the variable is gone; the number of requests in flight is SLOTS.
    if (getenv("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS"))
        fprintf(stderr, "warning: unset NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS, explicit calls exclude it\n");

    struct workload work;
    workload_open(&work, argv[1]);
    struct request requests[SLOTS];
    for (int i = 0; i < SLOTS; i++)
        requests[i] = (struct request){.slot = &work.slots[i]};
    completion_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (completion_fd < 0)
        die("eventfd: %s", strerror(errno));

    struct tally tally = {0};
    unsigned oldest = 0, next = 0; // batches from oldest up to next are in flight
    for (;;) {
        while (next < batches && next - oldest < SLOTS && !tally.unit_lost) {
            struct request *request = &requests[next % SLOTS];
            must(write_inputs(&work, request->slot, next), "nrt_tensor_write"); // the slot is idle
            // Step 2: never blocks; 0 says "queued", nothing more.
            NRT_STATUS ret = nrta_execute_schedule(work.model, request->slot->inputs, request->slot->outputs, 0,
                                                   &request->status, &request->seq);
            // Step 5: a full queue refuses without side effects; collect one request, then try again.
            if (ret == NRT_QUEUE_FULL && next > oldest)
                break;
            if (ret == NRT_EXEC_UNIT_UNRECOVERABLE) {
                tally.unit_lost = true;
                break;
            }
            must(ret, "nrta_execute_schedule");
            next++;
        }
        if (oldest == next)
            break;
        collect(&work, &requests[oldest % SLOTS], oldest, &tally);
        oldest++;
    }

    close(completion_fd);
    workload_close(&work);
    if (tally.unit_lost) {
        fprintf(stderr,
                "The compute unit of core %d is lost. Requests that failed by themselves: %u; drained behind them with "
                "status %d: %u; never queued: %u.\nRestart this program: only a fresh runtime brings the unit back.\n",
                CORE, tally.failed, (int)NRT_EXEC_UNIT_UNRECOVERABLE, tally.drained, batches - next);
        return 3;
    }
    return tally.failed ? 1 : 0;
}
