// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 before {neff} -> 0
// run: before {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Before the migration: implicit asynchronous mode.
//
// The environment variable makes nrt_execute return as soon as the request is queued. What the
// program cannot say is which request it waits for: nrt_tensor_read and nrt_tensor_write block until
// the runtime thinks the tensor is free, and the failure of a request turns up at whichever call
// blocks next.
#include "workload.h"

static void lost(NRT_STATUS status, const char *call, unsigned batch) {
    die("%s at batch %u: %s (%d)\nThe request that failed may be this one or any of the %d before it.", call, batch,
        status_name(status), (int)status, SLOTS);
}

int main(int argc, char **argv) {
    if (argc < 2 || argc > 3)
        die("usage: %s MODEL.neff [BATCHES]", argv[0]);
    unsigned batches = argc > 2 ? parse_batches(argv[2]) : BATCHES_DEFAULT;
    if (!getenv("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS"))
        fprintf(stderr, "note: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS is not set: every nrt_execute blocks\n");

    struct workload work;
    workload_open(&work, argv[1]);
    NRT_STATUS status;

    // A slot is used again every SLOTS batches; its outputs are read just before that.
    for (unsigned batch = 0; batch < batches + SLOTS; batch++) {
        struct slot *slot = &work.slots[batch % SLOTS];
        if (batch >= SLOTS && batch - SLOTS < batches) {
            status = print_outputs(&work, slot, batch - SLOTS); // blocks while the slot is busy
            if (status != NRT_SUCCESS)
                lost(status, "nrt_tensor_read", batch - SLOTS);
        }
        if (batch >= batches)
            continue;
        status = write_inputs(&work, slot, batch); // would block too
        if (status != NRT_SUCCESS)
            lost(status, "nrt_tensor_write", batch);
        status = nrt_execute(work.model, slot->inputs, slot->outputs); // returns early
        if (status != NRT_SUCCESS)
            lost(status, "nrt_execute", batch);
    }
    workload_close(&work);
    return 0;
}
