// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The runtime's own time limits, as tests/tests/time.rs sets the scene: argument 2 says what the fault plan does.
#include "mode.h"

#include <pthread.h>

static nrt_model_t *model;
static struct io io;
#define RUN_MS 10 // of each run, unless it is said otherwise

static double limit_ms; // NEURON_RT_EXEC_TIMEOUT

// The third run hangs.
static void hang(void) {
    NRT_STATUS status[4];
    nrta_seq_t seq[4];
    double begin = seconds();
    uint64_t before = now();
    for (int i = 0; i < 4; i++)
        seq[i] = submit(model, &io, &status[i]);
    if (mode == MANUAL) // one event at a time, also where the instant is the same
        CHECK(!completed(seq[3]) && !completed(seq[3]) && !completed(seq[3]) && completed(seq[3]));
    wait_for(seq[3]);
    must_have_taken(begin, limit_ms);
    must_have_passed(before, 2 * RUN_MS + limit_ms);
    CHECK(status[0] == NRT_SUCCESS && status[1] == NRT_SUCCESS);
    CHECK(status[2] == NRT_TIMEOUT && status[3] == NRT_EXEC_UNIT_UNRECOVERABLE);
    EXPECT(NRT_EXEC_UNIT_UNRECOVERABLE, nrt_execute(model, io.inputs, io.outputs));
    OK(nrt_unload(model));
    nrt_close();
}

// The first run is stuck.
static void stuck(void) {
    NRT_STATUS status = UNTOUCHED;
    double begin = seconds();
    uint64_t before = now();
    EXPECT(NRT_TIMEOUT, nrt_execute(model, io.inputs, io.outputs));
    must_have_taken(begin, limit_ms);
    must_have_passed(before, limit_ms);
    submit(model, &io, &status);
    EXPECT(NRT_TIMEOUT, nrt_async_drain_queued_execs(0));
    if (mode == MANUAL)
        EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(io.tensors[io.count - 1], -1, 1));
    EXPECT(NRT_TIMEOUT, nrt_unload(model));
    must_have_taken(begin, 3 * limit_ms);
    must_have_passed(before, 3 * limit_ms);
    CHECK(peek(&status) == UNTOUCHED);
    nrt_close();
    CHECK(status == NRT_EXEC_UNIT_UNRECOVERABLE); // behind one that was given up
}

// Nothing ails the queue, but it is full of runs that take much longer than the limit.
static void full(void) {
    static NRT_STATUS status[8];
    for (int i = 0; i < 8; i++)
        submit(model, &io, &status[i]);
    double begin = seconds();
    uint64_t before = now();
    EXPECT(mode == FREE ? NRT_SUCCESS : NRT_TIMEOUT, nrt_execute(model, io.inputs, io.outputs));
    must_have_taken(begin, limit_ms);
    if (mode != FREE)
        must_have_passed(before, limit_ms);
    if (mode == WALL) {
        ok();
        fflush(NULL);
        _exit(0); // the close would wait for hours
    }
    OK(nrt_unload(model));
    nrt_close();
    for (int i = 0; i < 8; i++)
        CHECK(status[i] == NRT_SUCCESS);
}

static nrt_sim_queue_t queue(void) {
    nrt_sim_queue_t queue;
    OK(nrt_sim_get_queue(0, NRTA_XU_COMPUTE, 0, &queue, sizeof queue));
    return queue;
}

static void *resume_when_somebody_waits(void *unused) {
    while (queue().submitted < 2)
        ;
    OK(nrt_sim_resume(0, NRTA_XU_COMPUTE, 0));
    return unused;
}

// The queue is paused: in manual time for good, otherwise until another thread resumes it.
static void paused(void) {
    NRT_STATUS status = UNTOUCHED;
    uint64_t before = now(), stepped;
    OK(nrt_sim_pause(0, NRTA_XU_COMPUTE, 0));
    submit(model, &io, &status);
    if (mode == MANUAL) {
        EXPECT(NRT_TIMEOUT, nrt_execute(model, io.inputs, io.outputs));
        EXPECT(NRT_TIMEOUT, nrt_async_drain_queued_execs(0));
        must_have_passed(before, 2 * limit_ms);
        CHECK(queue().submitted == 2 && queue().completed == 0 && status == UNTOUCHED);
        OK(nrt_sim_step(0, NRTA_XU_COMPUTE, 0, 1, &stepped));
        CHECK(stepped == 1 && status == NRT_SUCCESS);
        must_have_passed(before, 2 * limit_ms); // it had long been done
        OK(nrt_sim_resume(0, NRTA_XU_COMPUTE, 0));
    } else {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, resume_when_somebody_waits, NULL) == 0);
        OK(nrt_execute(model, io.inputs, io.outputs));
        CHECK(pthread_join(thread, NULL) == 0);
        CHECK(status == NRT_SUCCESS);
    }
    OK(nrt_async_drain_queued_execs(0));
    CHECK(queue().completed == 2);
    OK(nrt_unload(model));
    nrt_close();
}

int main(int argc, char **argv) {
    read_mode();
    limit_ms = atof(getenv("NEURON_RT_EXEC_TIMEOUT")) * 1000;
    model = start(argc, argv);
    io_open(&io, model, 0);
    if (strcmp(argv[2], "hang") == 0)
        hang();
    else if (strcmp(argv[2], "stuck") == 0)
        stuck();
    else if (strcmp(argv[2], "full") == 0)
        full();
    else if (strcmp(argv[2], "paused") == 0)
        paused();
    else
        check_failed(argv[2], 0, "this scene", "is not known");
    return ok();
}
