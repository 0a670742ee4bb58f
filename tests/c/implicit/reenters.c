// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=1 NRT_SIM_TIME=free reenters {neff} -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=free reenters {neff} -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=wall:0.02 reenters {neff} -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=manual reenters {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A callback may call the library: it submits, reads, writes, frees, waits, registers. Closing it may not.
#include "implicit.h"

#define ROUNDS 20

static nrt_model_t *model;
static struct io io, spare;
static uint64_t result;
static const char *neff;
static int entered, leave; // of `stays`

// The data of the run is there. Each callback but the last submits the next run.
static void chain(void *params, uint32_t id, uint32_t vnc, uint64_t job, NRT_STATUS status) {
    CHECK(status == NRT_SUCCESS);
    CHECK(io_result(&io) == result);
    OK(nrt_tensor_memset(output(&io), 0, 0, output_size(&io)));
    if (told_by_now() + 1 < ROUNDS)
        OK(nrt_execute(model, io.inputs, io.outputs));
    note(params, id, vnc, job, status);
}

static void everything(void *params, uint32_t id, uint32_t vnc, uint64_t job, NRT_STATUS status) {
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    nrt_close(); // refused
    uint32_t count = 0;
    OK(nrt_get_visible_vnc_count(&count));
    CHECK(count == 2);
    for (int i = 0; i < 5; i++) // more than the limit
        OK(nrt_execute(model, spare.inputs, spare.outputs));
    CHECK(io_result(&spare) == result);
    OK(nrt_async_drain_queued_execs(0));
    OK(nrt_async_drain_queued_execs(1));
    OK(nrt_tensor_check_output_completion(output(&spare), -1, 1));
    nrt_model_t *another = load_model(neff, 0);
    OK(nrt_execute(another, spare.inputs, spare.outputs));
    io_close(&spare);
    OK(nrt_unload(another));
    OK(nrt_register_async_exec_callback(note, params));
    note(params, id, vnc, job, status);
}

static void late(void *params, uint32_t id, uint32_t vnc, uint64_t job, NRT_STATUS status) {
    EXPECT(NRT_CLOSED, nrt_async_drain_queued_execs(0));
    EXPECT(NRT_CLOSED, nrt_execute(model, io.inputs, io.outputs));
    EXPECT(NRT_CLOSED, nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    nrt_close();
    note(params, id, vnc, job, status);
}

static void stays(void *params, uint32_t id, uint32_t vnc, uint64_t job, NRT_STATUS status) {
    __atomic_store_n(&entered, 1, __ATOMIC_SEQ_CST);
    while (!__atomic_load_n(&leave, __ATOMIC_SEQ_CST))
        usleep(100);
    late(params, id, vnc, job, status);
}

// Waits for a callback that does not return before this does. Closing sends it away.
static void *drains(void *unused) {
    EXPECT(NRT_CLOSED, nrt_async_drain_queued_execs(0));
    __atomic_store_n(&leave, 1, __ATOMIC_SEQ_CST);
    return unused;
}

int main(int argc, char **argv) {
    read_mode();
    neff = argv[1];
    model = start(argc, argv);
    io_open(&io, model, 0);
    io_open(&spare, model, 0);
    io_fill(&spare, 3);
    result = run_blocking(model, &io, 3);

    OK(nrt_register_async_exec_callback(chain, NULL));
    OK(nrt_execute(model, io.inputs, io.outputs));
    for (unsigned i = 1; mode == MANUAL && i <= ROUNDS; i++)
        OK(nrt_async_drain_queued_execs(0)); // waits for callbacks, and so for what they submit
    sleep_until_told(ROUNDS);

    OK(nrt_register_async_exec_callback(everything, &io));
    OK(nrt_execute(model, io.inputs, io.outputs));
    OK(nrt_async_drain_queued_execs(0));
    sleep_until_told(ROUNDS + 1);
    CHECK(told[ROUNDS].params == &io);
    OK(nrt_async_drain_queued_execs(0)); // its runs are told of as well, to the callback that it registered
    CHECK(told_by_now() == ROUNDS + 7);

    OK(nrt_register_async_exec_callback(stays, NULL));
    OK(nrt_execute(model, io.inputs, io.outputs));
    OK(nrt_execute(model, io.inputs, io.outputs));
    if (mode == MANUAL)
        OK(nrt_sim_wait_idle());
    while (!__atomic_load_n(&entered, __ATOMIC_SEQ_CST))
        usleep(100);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, drains, NULL) == 0);
    usleep(20000); // most often it waits by now; either way it is answered
    nrt_close();
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(told_by_now() == ROUNDS + 9);
    return ok();
}
