// run: step1_environment_variable_removed {neff} removed -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=0 step1_environment_variable_removed {neff} off -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 step1_environment_variable_removed {neff} set -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Step 1: with the variable gone (or 0) explicit calls work; with it set they are refused.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    CHECK(argc == 3);
    const char *variable = getenv("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS");
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);

    if (strcmp(argv[2], "set") == 0) {
        CHECK(variable && atoi(variable) > 0);
        NRT_STATUS exec_ret = UNTOUCHED;
        nrta_seq_t seq = 77;
        bool done = true;
        EXPECT(NRT_FAILURE, nrta_execute_schedule(model, io.inputs, io.outputs, 0, &exec_ret, &seq));
        CHECK(exec_ret == UNTOUCHED && seq == 77);
        EXPECT(NRT_FAILURE, nrta_get_sequence(0, NRTA_XU_COMPUTE, 0, &seq));
        EXPECT(NRT_FAILURE, nrta_is_completed(seq, &done));
        // The old mode works: the read waits for the run that writes the tensor.
        OK(nrt_execute(model, io.inputs, io.outputs));
        uint64_t first = io_result(&io);
        CHECK(run_blocking(model, &io, 2) != first);
        CHECK(run_blocking(model, &io, 1) == first);
    } else {
        CHECK(strcmp(argv[2], "off") == 0 || variable == NULL);
        NRT_STATUS exec_ret = UNTOUCHED;
        nrta_seq_t seq;
        OK(nrta_execute_schedule(model, io.inputs, io.outputs, 0, &exec_ret, &seq));
        wait_for(seq);
        CHECK(exec_ret == NRT_SUCCESS);
    }
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
