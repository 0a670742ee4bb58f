// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=free NRT_SIM_MODELS=model=[{time="50ms"}] callbacks {neff} -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=wall:0.02 NRT_SIM_MODELS=model=[{time="50ms"}] callbacks {neff} -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=manual NRT_SIM_MODELS=model=[{time="50ms"}] callbacks {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A callback comes for each run, in their order, without the program calling the library: it only sleeps. In manual time
// somebody must move the time.
#include "implicit.h"

#define RUNS 20

static nrt_model_t *model;
static struct io io;
static int mine, yours;

static void get_on(void) {
    if (mode == MANUAL)
        OK(nrt_sim_wait_idle());
}

static void other(void *params, uint32_t id, uint32_t vnc, uint64_t job, NRT_STATUS status) {
    CHECK(params == &yours);
    note(params, id, vnc, job, status);
}

static uint64_t cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void they_come_in_order_to_who_only_sleeps(void) {
    CHECK(threads() == 1);
    OK(nrt_register_async_exec_callback(note, &mine));
    CHECK(threads() == 1);
    uint64_t before = now();
    for (int i = 0; i < RUNS; i++)
        OK(nrt_execute(model, io.inputs, io.outputs));
    CHECK(threads() > 1);
    get_on();
    sleep_until_told(RUNS);
    must_have_passed(before, RUN_MS * RUNS); // who was told has reached the end
    for (unsigned i = 0; i < RUNS; i++) {
        CHECK(told[i].params == &mine && told[i].model == told[0].model && told[i].vnc == 0);
        CHECK(told[i].job == i + 1 && told[i].status == NRT_SUCCESS);
    }
    CHECK(done() == RUNS);
}

static void a_later_one_replaces_the_first(void) {
    OK(nrt_register_async_exec_callback(other, &yours));
    OK(nrt_execute(model, io.inputs, io.outputs));
    get_on();
    sleep_until_told(RUNS + 1);
    CHECK(told[RUNS].params == &yours);
    OK(nrt_register_async_exec_callback(NULL, NULL));
    OK(nrt_execute(model, io.inputs, io.outputs));
    OK(nrt_async_drain_queued_execs(0));
    CHECK(told_by_now() == RUNS + 1);
    // Draining waits for the callbacks, also of runs that were queued before there was one.
    OK(nrt_sim_pause(0, NRTA_XU_COMPUTE, 0));
    OK(nrt_execute(model, io.inputs, io.outputs));
    OK(nrt_register_async_exec_callback(note, &mine));
    OK(nrt_execute(model, io.inputs, io.outputs));
    CHECK(told_by_now() == RUNS + 1);
    OK(nrt_sim_resume(0, NRTA_XU_COMPUTE, 0));
    OK(nrt_async_drain_queued_execs(0));
    CHECK(told_by_now() == RUNS + 3);
}

static void each_core_has_its_own(const char *neff) {
    struct io there;
    nrt_model_t *second = load_model(neff, 1);
    io_open(&there, second, 1);
    io_fill(&there, 0);
    unsigned before = told_by_now();
    OK(nrt_execute(second, there.inputs, there.outputs));
    get_on();
    sleep_until_told(before + 1);
    CHECK(told[before].vnc == 1 && told[before].job == 1 && told[before].model != told[0].model);
    io_close(&there);
    OK(nrt_unload(second));
}

static void idle_threads_cost_nothing(void) {
    uint64_t before = cpu_ms();
    usleep(300000);
    CHECK(cpu_ms() - before < 100);
}

int main(int argc, char **argv) {
    read_mode();
    model = start(argc, argv);
    io_open(&io, model, 0);
    io_fill(&io, 0);
    they_come_in_order_to_who_only_sleeps();
    a_later_one_replaces_the_first();
    each_core_has_its_own(argv[1]);
    idle_threads_cost_nothing();
    // Closing tells of what is under way, and of nothing afterwards.
    unsigned before = told_by_now();
    OK(nrt_execute(model, io.inputs, io.outputs));
    OK(nrt_execute(model, io.inputs, io.outputs));
    nrt_close();
    CHECK(told_by_now() == before + 2);
    for (double end = seconds() + DEADLINE_S; threads() > 1; usleep(100)) // the system takes a moment to forget a thread
        CHECK(seconds() < end);

    // A runtime that is opened again has no callback.
    model = start(argc, argv);
    io_open(&io, model, 0);
    OK(nrt_execute(model, io.inputs, io.outputs));
    OK(nrt_async_drain_queued_execs(0));
    CHECK(told_by_now() == before + 2);
    nrt_close();
    return ok();
}
