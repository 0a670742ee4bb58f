// run: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=3,status=1202}] step4_unrecoverable_unit {neff} 3 1202 -> 0
// run: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=1,status=1203}] step4_unrecoverable_unit {neff} 1 1203 -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Step 4, the note: what a fatal fault does to the requests around it, to the unit, to other units.
// Arguments 2 and 3: which request fails (from 1), and how.
#include "guide.h"

#define NUM_REQUESTS 8

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    CHECK(argc == 4);
    int failing = atoi(argv[2]) - 1, fault = atoi(argv[3]);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);

    NRT_STATUS exec_rets[NUM_REQUESTS];
    nrta_seq_t seqs[NUM_REQUESTS];
    int accepted = 0;
    for (; accepted < NUM_REQUESTS; accepted++) {
        exec_rets[accepted] = UNTOUCHED;
        NRT_STATUS ret = nrta_execute_schedule(model, io.inputs, io.outputs, 0, &exec_rets[accepted], &seqs[accepted]);
        if (ret == NRT_EXEC_UNIT_UNRECOVERABLE) {
            CHECK(accepted > failing); // the fault was quicker than this loop
            break;
        }
        OK(ret);
    }

    // Every request that was accepted completes, in order, with a status.
    for (int i = 0; i < accepted; i++) {
        wait_for(seqs[i]);
        CHECK(seqs[i] == seqs[0] + (nrta_seq_t)i);
        int wanted = i < failing ? NRT_SUCCESS : i == failing ? fault : NRT_EXEC_UNIT_UNRECOVERABLE;
        CHECK((int)exec_rets[i] == wanted);
    }
    CHECK(last_completed(0) == seqs[accepted - 1]);

    // From now on the unit takes nothing, and a refused call leaves no trace.
    for (int i = 0; i < 3; i++) {
        NRT_STATUS exec_ret = UNTOUCHED;
        nrta_seq_t seq = 77;
        EXPECT(NRT_EXEC_UNIT_UNRECOVERABLE,
               nrta_execute_schedule(model, io.inputs, io.outputs, 0, &exec_ret, &seq));
        CHECK(exec_ret == UNTOUCHED && seq == 77);
    }
    EXPECT(NRT_EXEC_UNIT_UNRECOVERABLE, nrt_execute(model, io.inputs, io.outputs)); // the same queue
    CHECK(last_completed(0) == seqs[accepted - 1]);

    // Another core is not affected.
    nrt_model_t *other = load_model(argv[1], 1);
    struct io other_io;
    io_open(&other_io, other, 1);
    uint64_t result = run_blocking(other, &other_io, 1);
    CHECK(run_blocking(other, &other_io, 1) == result);
    io_close(&other_io);
    OK(nrt_unload(other));

    io_close(&io);
    OK(nrt_unload(model)); // the model survives the fault and can be unloaded
    nrt_close();
    return ok();
}
