// run: step5_queue_full {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Step 5: what a full queue does, and the guide's way on. A fast device may never be full, so the
// program says how often it was; with "must" as argument 2 (for a slow device) it fails at 0 times.
#include "guide.h"

#define MAX_REQUESTS 100000
#define ENOUGH 3 // times full

static NRT_STATUS exec_rets[MAX_REQUESTS];

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);
    nrt_tensor_set_t *inputs = io.inputs, *outputs = io.outputs;
    uint32_t lnc = 0;
    nrta_seq_t last = last_completed(0);
    CHECK(NRTA_SEQ_GET_SEQ_NUM(last) == 0);
    int full = 0, accepted = 0;

    while (accepted < MAX_REQUESTS && full < ENOUGH) {
        NRT_STATUS *exec_ret = &exec_rets[accepted];
        nrta_seq_t seq = 77;
        *exec_ret = UNTOUCHED;
        // Taken before the call: whatever fills the queue then completes later than this one. Taken
        // after a refusal it could be the last request of all, and the wait would never end.
        nrta_seq_t last_known_completed = last_completed(0);
        NRT_STATUS ret = nrta_execute_schedule(model, inputs, outputs, 0, exec_ret, &seq);

        // Not "if": when the queue moved between the two calls above, it may be full still.
        for (double end = seconds() + DEADLINE_S; ret == NRT_QUEUE_FULL;) {
            full++;
            CHECK(seq == 77 && peek(exec_ret) == UNTOUCHED); // a refusal leaves no trace
            nrta_seq_t completed;
            do {
                OK(nrta_get_sequence(lnc, NRTA_XU_COMPUTE, 0, &completed));
                CHECK(seconds() < end);
            } while (completed < last_known_completed + 1);
            last_known_completed = completed;

            ret = nrta_execute_schedule(model, inputs, outputs, 0, exec_ret, &seq);
        }
        OK(ret);
        CHECK(seq == last + 1); // refused calls use up no number
        last = seq;
        accepted++;
    }
    wait_for(last);
    for (int i = 0; i < accepted; i++)
        CHECK(exec_rets[i] == NRT_SUCCESS);
    CHECK(last_completed(0) == last);
    printf("saw full: %d times (%d requests)\n", full, accepted);
    CHECK(full > 0 || argc < 3 || strcmp(argv[2], "must") != 0);

    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
