// run: step4_per_request_status {neff} -> 0
// run: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=3,status=1003}] step4_per_request_status {neff} 3 1003 -> 0
// run: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=8,status=1004}] step4_per_request_status {neff} 8 1004 -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Step 4: each request has a status of its own. Arguments 2 and 3: the request (from 1) that a fault
// plan lets end with another status, one that leaves the unit healthy.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    int faulty = argc > 3 ? atoi(argv[2]) - 1 : -1;
    int fault = argc > 3 ? atoi(argv[3]) : 0;
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);
    nrt_tensor_set_t *inputs = io.inputs, *outputs = io.outputs;

    static const int NUM_REQUESTS = 8;
    NRT_STATUS exec_rets[NUM_REQUESTS];
    nrta_seq_t req_seqs[NUM_REQUESTS];
    int submitted = 0;

    for (int i = 0; i < NUM_REQUESTS; i++) {
        exec_rets[i] = UNTOUCHED;
        NRT_STATUS ret = nrta_execute_schedule(model, inputs, outputs, 0, &exec_rets[i], &req_seqs[i]);
        if (ret != NRT_SUCCESS)
            break;
        submitted++;
    }
    CHECK(submitted == NUM_REQUESTS); // the queue holds 8, and none of these faults is fatal

    for (int i = 0; i < NUM_REQUESTS; i++)
        wait_for(req_seqs[i]); // a request that failed completes like any other

    for (int i = 0; i < NUM_REQUESTS; i++) {
        if (exec_rets[i] != NRT_SUCCESS)
            fprintf(stderr, "Request %d failed: %d\n", i, exec_rets[i]);
        CHECK((int)exec_rets[i] == (i == faulty ? fault : NRT_SUCCESS));
    }

    // The unit works on.
    NRT_STATUS exec_ret = UNTOUCHED;
    wait_for(submit(model, &io, &exec_ret));
    CHECK(exec_ret == NRT_SUCCESS);

    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
