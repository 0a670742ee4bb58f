// run: step2_execute_schedule {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Step 2: nrta_execute_schedule in the place of nrt_execute, with the same result.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);

    // Before: blocks.
    io_fill(&io, 5);
    NRT_STATUS before = nrt_execute(model, io.inputs, io.outputs);
    CHECK(before == NRT_SUCCESS);
    uint64_t wanted = io_result(&io);
    CHECK(run_blocking(model, &io, 6) != wanted); // the outputs hold something else now

    // After: returns at once, with a sequence number.
    io_fill(&io, 5);
    nrt_tensor_set_t *input_set = io.inputs, *output_set = io.outputs;
    NRT_STATUS exec_ret = UNTOUCHED;
    nrta_seq_t seq = 0;
    NRT_STATUS ret = nrta_execute_schedule(model, input_set, output_set, 0, &exec_ret, &seq);
    if (ret == NRT_QUEUE_FULL)
        CHECK(!"the queue holds more than one request");
    CHECK(ret == NRT_SUCCESS);
    CHECK(NRTA_SEQ_GET_SEQ_NUM(seq) > 0);

    // exec_ret is retained until completion is confirmed.
    wait_for(seq);
    CHECK(exec_ret == NRT_SUCCESS);
    CHECK(io_result(&io) == wanted);

    // The runtime took what it needs from the sets: they may go while the request is queued.
    io_fill(&io, 5);
    exec_ret = UNTOUCHED;
    OK(nrta_execute_schedule(model, io.inputs, io.outputs, 0, &exec_ret, &seq));
    nrt_destroy_tensor_set(&io.inputs);
    nrt_destroy_tensor_set(&io.outputs);
    CHECK(io.inputs == NULL && io.outputs == NULL);
    wait_for(seq);
    CHECK(exec_ret == NRT_SUCCESS);
    CHECK(io_result(&io) == wanted);

    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
