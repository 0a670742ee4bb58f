// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The runtime's own time limits, as tests/tests/time.rs sets the scene: argument 2 says what the fault plan does.
#include "mode.h"

static nrt_model_t *model;
static struct io io;
static double limit_ms; // NEURON_RT_EXEC_TIMEOUT

// The third run hangs.
static void hang(void) {
    NRT_STATUS status[4];
    nrta_seq_t seq[4];
    double begin = seconds();
    for (int i = 0; i < 4; i++)
        seq[i] = submit(model, &io, &status[i]);
    if (mode == MANUAL) // one event at a time, also where the instant is the same
        CHECK(!completed(seq[3]) && !completed(seq[3]) && !completed(seq[3]) && completed(seq[3]));
    wait_for(seq[3]);
    must_have_taken(begin, limit_ms);
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
    EXPECT(NRT_TIMEOUT, nrt_execute(model, io.inputs, io.outputs));
    must_have_taken(begin, limit_ms);
    submit(model, &io, &status);
    EXPECT(NRT_TIMEOUT, nrt_async_drain_queued_execs(0));
    if (mode == MANUAL)
        EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(io.tensors[io.count - 1], -1, 1));
    EXPECT(NRT_TIMEOUT, nrt_unload(model));
    must_have_taken(begin, 3 * limit_ms);
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
    EXPECT(mode == FREE ? NRT_SUCCESS : NRT_TIMEOUT, nrt_execute(model, io.inputs, io.outputs));
    must_have_taken(begin, limit_ms);
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
    else
        check_failed(argv[2], 0, "this scene", "is not known");
    return ok();
}
