// run: free_while_in_set {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Tensors are freed while they stand in a set, the set afterwards; the model goes before its tensors;
// handles go while the run that uses them is queued.

#include "../guide/guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    uint64_t wanted = run_blocking(model, &io, 1);

    // Unload first, then free the tensors, then the sets.
    OK(nrt_unload(model));
    CHECK(io_result(&io) == wanted); // the tensors do not belong to the model
    for (uint64_t i = 0; i < io.count; i++) {
        nrt_tensor_free(&io.tensors[i]);
        CHECK(io.tensors[i] == NULL);
        nrt_tensor_free(&io.tensors[i]); // NULL now: nothing to do
    }
    nrt_destroy_tensor_set(&io.inputs);
    nrt_destroy_tensor_set(&io.outputs);
    CHECK(io.inputs == NULL && io.outputs == NULL);

    // With runs queued: inputs and sets go at once; slices keep the outputs in sight.
    model = load_model(argv[1], 0);
    for (int round = 0; round < 50; round++) {
        io_open(&io, model, 0);
        io_fill(&io, 1);
        NRT_STATUS exec_rets[3] = {UNTOUCHED, UNTOUCHED, UNTOUCHED};
        nrta_seq_t seq = 0;
        for (int i = 0; i < 3; i++)
            seq = submit(model, &io, &exec_rets[i]);
        for (uint64_t i = 0; i < io.count; i++) {
            nrt_tensor_t *slice = NULL;
            if (!io.is_input[i])
                OK(nrt_tensor_allocate_slice(io.tensors[i], 0, io.sizes[i], NULL, &slice));
            nrt_tensor_free(&io.tensors[i]);
            io.tensors[i] = slice;
        }
        nrt_destroy_tensor_set(&io.inputs);
        nrt_destroy_tensor_set(&io.outputs);
        wait_for(seq);
        for (int i = 0; i < 3; i++)
            CHECK(exec_rets[i] == NRT_SUCCESS);
        CHECK(io_result(&io) == wanted);
        io_close(&io);
    }
    OK(nrt_unload(model));
    EXPECT(NRT_INVALID_HANDLE, nrt_unload(model));
    nrt_close();
    return ok();
}
