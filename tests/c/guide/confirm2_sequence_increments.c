// run: confirm2_sequence_increments {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Confirm your work, 2: schedule calls return NRT_SUCCESS and sequence numbers rise, one by one.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);

    enum { REQUESTS = 500 };
    static NRT_STATUS exec_rets[REQUESTS];
    nrta_seq_t previous = last_completed(0);
    CHECK(NRTA_SEQ_GET_SEQ_NUM(previous) == 0);
    for (int i = 0; i < REQUESTS; i++) {
        exec_rets[i] = UNTOUCHED;
        nrta_seq_t seq = submit(model, &io, &exec_rets[i]);
        CHECK(seq == previous + 1);
        CHECK(NRTA_SEQ_GET_SEQ_NUM(seq) == (nrta_seq_t)i + 1);
        CHECK(NRTA_SEQ_GET_XU_ID(seq) == NRTA_SEQ_GET_XU_ID(previous)); // all of one unit
        previous = seq;
    }
    wait_for(previous);
    for (int i = 0; i < REQUESTS; i++)
        CHECK(exec_rets[i] == NRT_SUCCESS);

    // A blocking run takes its number from the same queue.
    OK(nrt_execute(model, io.inputs, io.outputs));
    NRT_STATUS exec_ret;
    nrta_seq_t seq = submit(model, &io, &exec_ret);
    CHECK(seq == previous + 2);
    wait_for(seq);

    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
