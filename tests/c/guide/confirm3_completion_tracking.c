// run: confirm3_completion_tracking {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Confirm your work, 3: after execution nrta_is_completed says true and each status is NRT_SUCCESS.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    enum { REQUESTS = 8 };
    struct io ios[REQUESTS]; // each request with tensors of its own
    uint64_t wanted[REQUESTS];
    for (int i = 0; i < REQUESTS; i++) {
        io_open(&ios[i], model, 0);
        wanted[i] = run_blocking(model, &ios[i], 100u + (unsigned)i);
        for (int j = 0; j < i; j++)
            CHECK(wanted[j] != wanted[i]);
        for (uint64_t t = 0; t < ios[i].count; t++)
            if (!ios[i].is_input[t])
                OK(nrt_tensor_memset(ios[i].tensors[t], 0, 0xee, ios[i].sizes[t]));
    }

    NRT_STATUS exec_rets[REQUESTS];
    nrta_seq_t seqs[REQUESTS];
    for (int i = 0; i < REQUESTS; i++) {
        exec_rets[i] = UNTOUCHED;
        seqs[i] = submit(model, &ios[i], &exec_rets[i]);
    }
    // Completion is in order: when one is completed, so are all before it.
    for (double end = seconds() + DEADLINE_S; !completed(seqs[REQUESTS - 1]);) {
        for (int i = REQUESTS - 1, later = 0; i >= 0; i--) {
            bool done = completed(seqs[i]);
            CHECK(done || !later);
            later |= done;
        }
        CHECK(seconds() < end);
    }
    for (int i = 0; i < REQUESTS; i++) {
        bool is_completed = false;
        OK(nrta_is_completed(seqs[i], &is_completed));
        CHECK(is_completed);
        CHECK(exec_rets[i] == NRT_SUCCESS);
        CHECK(io_result(&ios[i]) == wanted[i]);
        io_close(&ios[i]);
    }
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
