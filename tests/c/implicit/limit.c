// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=1 NRT_SIM_TIME=manual NRT_SIM_MODELS=model=[{time="50ms"}] limit {neff} 1 -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=manual NRT_SIM_MODELS=model=[{time="50ms"}] limit {neff} 3 -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=20 NRT_SIM_TIME=manual NRT_SIM_MODELS=model=[{time="50ms"}] limit {neff} 20 -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=63 NRT_SIM_TIME=manual NRT_SIM_MODELS=model=[{time="50ms"}] limit {neff} 63 -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=1000 NRT_SIM_TIME=manual NRT_SIM_MODELS=model=[{time="50ms"}] limit {neff} 63 -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=free NRT_SIM_MODELS=model=[{time="50ms"}] limit {neff} 3 -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=wall:0.02 NRT_SIM_MODELS=model=[{time="50ms"}] limit {neff} 3 -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// So many runs may be under way. At the limit nrt_execute waits for the first of them, and never says that a queue is full.
#include "implicit.h"

static nrt_model_t *model;
static struct io io;

static void *submit_many(void *unused) {
    for (int i = 0; i < 50; i++)
        OK(nrt_execute(model, io.inputs, io.outputs));
    return unused;
}

int main(int argc, char **argv) {
    read_mode();
    model = start(argc, argv);
    uint64_t limit = strtoull(argv[2], NULL, 10);
    io_open(&io, model, 0);
    io_fill(&io, 0);

    nrt_sim_queue_t queue;
    OK(nrt_sim_get_queue(0, NRTA_XU_COMPUTE, 0, &queue, sizeof queue));
    CHECK(queue.capacity == limit);
    uint64_t before = now();
    double since = seconds();
    for (uint64_t i = 0; i < limit; i++)
        OK(nrt_execute(model, io.inputs, io.outputs));
    CHECK(mode == WALL || now() == before);
    CHECK(mode != MANUAL || done() == 0);
    for (uint64_t i = 1; i <= 2 * limit; i++) {
        OK(nrt_execute(model, io.inputs, io.outputs));
        must_have_passed(before, RUN_MS * (double)i);
        must_have_taken(since, RUN_MS * (double)i);
        CHECK(mode == MANUAL ? done() == i : done() >= i);
    }
    OK(nrt_async_drain_queued_execs(0));
    must_have_passed(before, RUN_MS * (double)(3 * limit));
    CHECK(done() == 3 * limit);

    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, submit_many, NULL) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    OK(nrt_async_drain_queued_execs(0));
    CHECK(done() == 3 * limit + 150);
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
