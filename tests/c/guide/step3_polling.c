// run: step3_polling {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Step 3, option A: ask about one request until it is completed.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    uint64_t wanted = run_blocking(model, &io, 3);

    for (int round = 0; round < 100; round++) {
        double end = seconds() + DEADLINE_S;
        NRT_STATUS exec_ret = UNTOUCHED;
        nrta_seq_t seq;
        OK(nrta_execute_schedule(model, io.inputs, io.outputs, 0, &exec_ret, &seq));

        bool is_completed = false;
        while (!is_completed) {
            OK(nrta_is_completed(seq, &is_completed)); // 0 while pending, too
            usleep(1);
            CHECK(seconds() < end);
        }
        CHECK(exec_ret == NRT_SUCCESS);
        CHECK(completed(seq)); // and it stays completed
        CHECK(io_result(&io) == wanted);

        // The one that comes next does not exist yet.
        OK(nrta_is_completed(seq + 1, &is_completed));
        CHECK(!is_completed);
    }
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
