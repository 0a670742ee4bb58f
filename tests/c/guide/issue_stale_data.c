// run: issue_stale_data {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Common issue: stale data. The right pattern, 200 rounds with changing inputs: confirm that the run has
// completed, only then read, or schedule a read and confirm that too.
#include "guide.h"

#define ROUNDS 200

// The outputs through nrta_tensor_read on the tensor unit, which knows no order with the compute unit.
static uint64_t result_by_scheduled_reads(const struct io *io) {
    uint64_t sum = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < io->count; i++) {
        if (io->is_input[i])
            continue;
        void *bytes = malloc(io->sizes[i] + 1);
        CHECK(bytes);
        NRT_STATUS exec_ret = UNTOUCHED;
        nrta_seq_t seq;
        OK(nrta_tensor_read(bytes, io->tensors[i], 0, io->sizes[i], 0, 0, &exec_ret, &seq));
        wait_for(seq);
        CHECK(exec_ret == NRT_SUCCESS);
        sum = fnv1a(sum, bytes, io->sizes[i]);
        free(bytes);
    }
    return sum;
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    static uint64_t wanted[ROUNDS];
    struct io io;
    io_open(&io, model, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        wanted[round] = run_blocking(model, &io, round);
        CHECK(round == 0 || wanted[round] != wanted[round - 1]); // stale outputs would show
    }

    for (unsigned round = 0; round < ROUNDS; round++) {
        io_fill(&io, round);
        NRT_STATUS exec_ret = UNTOUCHED;
        nrta_seq_t seq = submit(model, &io, &exec_ret);
        if (round % 2 == 0) {
            wait_for(seq);
        } else {
            for (double end = seconds() + DEADLINE_S; last_completed(0) < seq;)
                CHECK(seconds() < end);
        }
        // Here, not earlier, the tensors hold what this run produced.
        CHECK(exec_ret == NRT_SUCCESS);
        CHECK((round % 3 ? io_result(&io) : result_by_scheduled_reads(&io)) == wanted[round]);
    }
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
