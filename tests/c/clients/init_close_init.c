// run: init_close_init {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// nrt_init twice, then several cycles of close and init in one process; each cycle starts afresh.

#include "../guide/guide.h"

int main(int argc, char **argv) {
    uint64_t first = 0;
    for (int cycle = 0; cycle < 4; cycle++) {
        nrt_model_t *model = start(argc, argv);
        OK(nrt_init(NRT_FRAMEWORK_TYPE_PYTORCH, "1.0", "1.0")); // running already: no effect
        struct io io;
        io_open(&io, model, 0);
        NRT_STATUS exec_ret = UNTOUCHED;
        io_fill(&io, 1);
        nrta_seq_t seq = submit(model, &io, &exec_ret);
        CHECK(NRTA_SEQ_GET_SEQ_NUM(seq) == 1);
        wait_for(seq);
        CHECK(exec_ret == NRT_SUCCESS);
        uint64_t result = io_result(&io);
        CHECK(cycle == 0 || result == first);
        first = result;

        NRT_STATUS last[4];
        for (int i = 0; i < 4; i++) {
            last[i] = UNTOUCHED;
            submit(model, &io, &last[i]);
        }
        if (cycle % 2) { // tidy in one cycle; in the other, close does it all
            io_close(&io);
            OK(nrt_unload(model));
        }
        nrt_close();
        for (int i = 0; i < 4; i++)
            CHECK(last[i] == NRT_SUCCESS); // close finished what was queued

        void *block = NULL;
        NRT_STATUS late = nrt_allocate_tensor_set(&block);
        CHECK(late == NRT_CLOSED || late == NRT_UNINITIALIZED);
        nrt_close(); // a second time does nothing
    }
    return ok();
}
