// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=2 NRT_SIM_TIME=manual NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,status=1003}] errors {neff} soft -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=2 NRT_SIM_TIME=free NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,status=1003}] errors {neff} soft -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=2 NRT_SIM_TIME=wall:0.02 NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,status=1003}] errors {neff} soft -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=manual NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,status=1202}] errors {neff} fatal -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=free NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,status=1202}] errors {neff} fatal -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=wall:0.02 NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,status=1202}] errors {neff} fatal -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=2 NEURON_RT_EXEC_TIMEOUT=1 NRT_SIM_TIME=manual NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,stuck=true}] errors {neff} stuck -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=2 NEURON_RT_EXEC_TIMEOUT=1 NRT_SIM_TIME=free NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,stuck=true}] errors {neff} stuck -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=2 NEURON_RT_EXEC_TIMEOUT=1 NRT_SIM_TIME=wall:0.02 NRT_SIM_FAULTS=rule=[{unit='compute',nth=2,stuck=true}] errors {neff} stuck -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Where a run that ends badly is told of: at the next call that waits for it or for a later one, and in the callback.
#include "implicit.h"

static nrt_model_t *model;
static struct io io[3];
static unsigned char byte = 0xee;

static NRT_STATUS execute(int i) { return nrt_execute(model, io[i].inputs, io[i].outputs); }
static NRT_STATUS read_one(nrt_tensor_t *tensor) { return nrt_tensor_read(tensor, &byte, 0, 1); }

static void must_be_told(unsigned place, uint64_t job, NRT_STATUS status) {
    sleep_until_told(place + 1);
    CHECK(told[place].job == job && told[place].status == status);
}

// The next `runs` end with 1003, and the unit lives.
static void spoil(int runs) {
    static int rules;
    char rule[96];
    snprintf(rule, sizeof rule, "name='r%d'\nunit='compute'\ntimes=%d\nstatus=1003", ++rules, runs);
    OK(nrt_sim_inject(rule, NULL));
}

// Two runs may be under way; the second ends badly, and the unit lives.
static void soft(void) {
    OK(execute(0));
    OK(execute(1));
    OK(read_one(output(&io[0]))); // waits for the first only
    OK(read_one(input(&io[1])));  // which nobody writes
    byte = 0xee;
    EXPECT(NRT_EXEC_COMPLETED_WITH_NUM_ERR, read_one(output(&io[1])));
    CHECK(byte == 0xee);
    OK(read_one(output(&io[1]))); // each is told of once
    must_be_told(0, 1, NRT_SUCCESS);
    must_be_told(1, 2, NRT_EXEC_COMPLETED_WITH_NUM_ERR);

    // Each of these calls waits for the run before the last, whatever has ended by then: that is what it tells of.
    spoil(1);
    OK(execute(0));
    OK(execute(1));
    uint64_t before = accepted();
    EXPECT(NRT_EXEC_COMPLETED_WITH_NUM_ERR, execute(2));
    CHECK(accepted() == before);
    OK(execute(2));
    OK(nrt_async_drain_queued_execs(0));

    spoil(2);
    OK(execute(0));
    OK(execute(1));
    EXPECT(NRT_EXEC_COMPLETED_WITH_NUM_ERR, nrt_async_drain_queued_execs(0));
    EXPECT(NRT_EXEC_COMPLETED_WITH_NUM_ERR, nrt_tensor_write(input(&io[2]), &byte, 0, 1)); // it is known by now
    OK(nrt_tensor_write(input(&io[2]), &byte, 0, 1));

    // Copies, sets and batches tell, too. Unloading does its work and tells of nothing.
    nrt_tensor_batch_op_t op = {.offset = 0, .size = 1, .buffer = &byte};
    nrt_tensor_batch_t reads = {.tensor = output(&io[0]), .ops = &op, .num_ops = 1};
    for (int call = 0; call < 4; call++) {
        spoil(1);
        OK(execute(0));
        NRT_STATUS status = call == 0   ? nrt_tensor_memset(output(&io[0]), 0, 0, 1)
                            : call == 1 ? nrt_tensor_copy(output(&io[0]), 0, input(&io[1]), 0, 1)
                            : call == 2 ? nrt_tensor_read_batch(&reads, 1, false)
                                        : nrt_tensor_write_batch(&reads, 1, false);
        EXPECT(NRT_EXEC_COMPLETED_WITH_NUM_ERR, status);
        OK(nrt_tensor_read_batch(&reads, 1, true));
    }
    spoil(1);
    OK(execute(0));
    OK(nrt_unload(model));
    EXPECT(NRT_EXEC_COMPLETED_WITH_NUM_ERR, read_one(output(&io[0])));
}

// Without a callback the log is told.
static void silent(void) {
    OK(nrt_register_async_exec_callback(NULL, NULL));
    for (int i = 0; i < 3; i++)
        OK(execute(i));
    EXPECT(NRT_EXEC_COMPLETED_WITH_NUM_ERR, nrt_async_drain_queued_execs(0));
    OK(nrt_async_drain_queued_execs(0));
    CHECK(told_by_now() == 0);
}

// Three runs may be under way; the second takes the unit down.
static void fatal(void) {
    OK(nrt_sim_pause(0, NRTA_XU_COMPUTE, 0)); // else the third might come too late to be queued
    for (int i = 0; i < 3; i++)
        OK(execute(i));
    OK(nrt_sim_resume(0, NRTA_XU_COMPUTE, 0));
    OK(read_one(output(&io[0])));
    EXPECT(NRT_EXEC_HW_ERR_NC_UE, nrt_async_drain_queued_execs(0));
    EXPECT(NRT_EXEC_UNIT_UNRECOVERABLE, nrt_async_drain_queued_execs(0));
    OK(nrt_async_drain_queued_execs(0));
    for (int i = 0; i < 3; i++)
        EXPECT(NRT_EXEC_UNIT_UNRECOVERABLE, execute(i));
    OK(read_one(output(&io[0]))); // memory lives
    OK(nrt_tensor_write(input(&io[0]), &byte, 0, 1));
    EXPECT(NRT_EXEC_UNIT_UNRECOVERABLE, nrt_barrier(0, 0, 1));
    must_be_told(0, 1, NRT_SUCCESS);
    must_be_told(1, 2, NRT_EXEC_HW_ERR_NC_UE);
    must_be_told(2, 3, NRT_EXEC_UNIT_UNRECOVERABLE);
    OK(nrt_unload(model));
}

// The second run never ends. Nobody waits for ever, and closing ends it.
static void stuck(void) {
    OK(execute(0));
    OK(execute(1));
    OK(execute(2));
    EXPECT(NRT_TIMEOUT, execute(0));
    EXPECT(NRT_TIMEOUT, read_one(output(&io[1])));
    EXPECT(NRT_TIMEOUT, nrt_tensor_write(input(&io[2]), &byte, 0, 1));
    EXPECT(NRT_TIMEOUT, nrt_async_drain_queued_execs(0));
    OK(read_one(output(&io[0])));
    nrt_tensor_free(&io[1].tensors[first(&io[1], false)]); // the run keeps the memory
    CHECK(io[1].tensors[first(&io[1], false)] == NULL);
    EXPECT(NRT_TIMEOUT, nrt_unload(model));
    must_be_told(0, 1, NRT_SUCCESS);
    nrt_close();
    must_be_told(1, 2, NRT_TIMEOUT);
    must_be_told(2, 3, NRT_EXEC_UNIT_UNRECOVERABLE);
}

int main(int argc, char **argv) {
    read_mode();
    model = start(argc, argv);
    for (int i = 0; i < 3; i++) {
        io_open(&io[i], model, 0);
        io_fill(&io[i], (unsigned)i);
    }
    OK(nrt_register_async_exec_callback(note, NULL));
    const char *scene = argv[2];
    if (strcmp(scene, "soft") == 0)
        soft();
    else if (strcmp(scene, "silent") == 0)
        silent();
    else if (strcmp(scene, "fatal") == 0)
        fatal();
    else
        stuck();
    nrt_close();
    return ok();
}
