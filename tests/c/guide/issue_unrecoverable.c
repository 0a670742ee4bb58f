// run: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=3,status=1202}] issue_unrecoverable {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Common issue: NRT_EXEC_UNIT_UNRECOVERABLE. Restarting helps; so does closing the runtime and opening it
// again in the same process. (The third request fails, so after that this program makes only two.)
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    uint64_t wanted = run_blocking(model, &io, 1);

    NRT_STATUS ret = NRT_SUCCESS, exec_rets[64];
    nrta_seq_t seq = 0;
    int accepted = 0, failed = 0;
    for (double end = seconds() + DEADLINE_S; ret != NRT_EXEC_UNIT_UNRECOVERABLE; usleep(1)) {
        CHECK(seconds() < end && accepted < 64);
        exec_rets[accepted] = UNTOUCHED;
        ret = nrta_execute_schedule(model, io.inputs, io.outputs, 0, &exec_rets[accepted], &seq);
        if (ret == NRT_SUCCESS)
            accepted++;
        else
            CHECK(ret == NRT_QUEUE_FULL || ret == NRT_EXEC_UNIT_UNRECOVERABLE);
    }
    wait_for(seq);
    for (int i = 0; i < accepted; i++) {
        CHECK(exec_rets[i] != UNTOUCHED);
        failed += exec_rets[i] == NRT_EXEC_HW_ERR_NC_UE;
    }
    CHECK(failed == 1); // the others succeeded before it or were drained behind it

    // As for a restart: everything goes and is made anew.
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    NRT_STATUS late = nrta_get_sequence(0, NRTA_XU_COMPUTE, 0, &seq);
    CHECK(late == NRT_CLOSED || late == NRT_UNINITIALIZED);

    model = start(argc, argv);
    io_open(&io, model, 0);
    io_fill(&io, 1);
    NRT_STATUS exec_ret = UNTOUCHED;
    seq = submit(model, &io, &exec_ret);
    CHECK(NRTA_SEQ_GET_SEQ_NUM(seq) == 1); // a new unit counts from 1
    wait_for(seq);
    CHECK(exec_ret == NRT_SUCCESS);
    CHECK(io_result(&io) == wanted);
    OK(nrt_execute(model, io.inputs, io.outputs));
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
