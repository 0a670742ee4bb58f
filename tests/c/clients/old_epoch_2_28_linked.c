// run: old_epoch_2_28_linked {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The same forms, bound when the program is linked: what a program built with SDK 2.28 looks like.

#define NRT_SIM_API_2_28
#include "../guide/guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    uint64_t wanted = run_blocking(model, &io, 1);
    CHECK(run_blocking(model, &io, 2) != wanted);

    nrta_error_tracker_t *tracker = NULL;
    OK(nrta_error_tracker_create(0, &tracker));
    for (int round = 0; round < 50; round++) {
        nrta_seq_t seq, newest;
        int fd = -1;
        io_fill(&io, 1);
        OK(nrta_execute_schedule(model, io.inputs, io.outputs, 0, tracker, &seq));
        OK(nrta_get_completion_handle(seq, &fd));
        CHECK(readable(fd, DEADLINE_S * 1000));
        close(fd);
        CHECK(completed(seq));
        OK(nrta_get_sequence(0, NRTA_XU_COMPUTE, 0, &newest));
        CHECK(newest == seq);
        CHECK(io_result(&io) == wanted);
    }
    const nrta_error_t *errors = NULL;
    size_t count = 99;
    OK(nrta_error_tracker_get_list(tracker, &errors, &count));
    CHECK(count == 0);
    nrta_error_tracker_destroy(tracker);
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
