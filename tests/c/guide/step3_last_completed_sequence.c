// run: step3_last_completed_sequence {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Step 3, option A, second half: compare with the last completed request of the execution unit.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);
    uint32_t lnc = 0;

    for (int round = 0; round < 50; round++) {
        NRT_STATUS exec_rets[4];
        nrta_seq_t seqs[4], last_submitted_seq = 0, seen = 0;
        for (int i = 0; i < 4; i++) {
            exec_rets[i] = UNTOUCHED;
            seqs[i] = last_submitted_seq = submit(model, &io, &exec_rets[i]);
        }
        for (double end = seconds() + DEADLINE_S;;) {
            nrta_seq_t completed_seq;
            OK(nrta_get_sequence(lnc, NRTA_XU_COMPUTE, 0, &completed_seq));
            CHECK(completed_seq >= seen);               // never goes back
            CHECK(completed_seq <= last_submitted_seq); // never runs ahead
            seen = completed_seq;
            for (int i = 0; i < 4; i++) // one number speaks for all before it
                if (completed_seq >= seqs[i])
                    CHECK(peek(&exec_rets[i]) == NRT_SUCCESS && completed(seqs[i]));
            if (completed_seq >= last_submitted_seq)
                break; // all submitted work is done
            CHECK(seconds() < end);
        }
        CHECK(last_completed(0) == last_submitted_seq);
    }
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
