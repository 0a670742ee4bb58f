// run: ASAN_OPTIONS=detect_leaks=0 fork_child {neff} -> 0
// valgrind: --leak-check=no
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// (What the parent's worker threads own looks leaked in a child that does not have those threads.)
//
// A child of a process with a running runtime gets status 1 from whatever has state, and may exit as it
// likes; the parent goes on. A child forked before nrt_init may use the runtime.

#include "../guide/guide.h"

#include <sys/wait.h>

static void must_end_well(pid_t child) {
    int status = -1;
    CHECK(child > 0);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(int argc, char **argv) {
    pid_t child = fork();
    if (child == 0) { // before anything: a process like any other
        nrt_model_t *model = start(argc, argv);
        struct io io;
        io_open(&io, model, 0);
        run_blocking(model, &io, 1);
        nrt_close();
        _exit(0);
    }
    must_end_well(child);

    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    uint64_t wanted = run_blocking(model, &io, 1);
    uint32_t visible;
    OK(nrt_get_visible_nc_count(&visible));

    for (int round = 0; round < 6; round++) {
        static NRT_STATUS exec_rets[4];
        nrta_seq_t seq = 0;
        for (int i = 0; i < 4; i++)
            seq = submit(model, &io, &exec_rets[i]); // in flight across the fork
        child = fork();
        if (child == 0) {
            alarm(DEADLINE_S);
            nrt_tensor_t *tensor = NULL;
            NRT_STATUS ret = UNTOUCHED;
            bool done;
            uint32_t count = 0;
            char byte;
            EXPECT(NRT_FAILURE, nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
            EXPECT(NRT_FAILURE, nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 64, NULL, &tensor));
            EXPECT(NRT_FAILURE, nrt_tensor_read(io.tensors[0], &byte, 0, 1));
            EXPECT(NRT_FAILURE, nrt_execute(model, io.inputs, io.outputs));
            EXPECT(NRT_FAILURE, nrta_execute_schedule(model, io.inputs, io.outputs, 0, &ret, &seq));
            EXPECT(NRT_FAILURE, nrta_is_completed(seq, &done));
            EXPECT(NRT_FAILURE, nrt_unload(model));
            CHECK(ret == UNTOUCHED);
            OK(nrt_get_visible_nc_count(&count)); // this one still answers
            CHECK(count == visible);
            if (round % 3 == 1)
                nrt_close(); // does nothing
            if (round % 3 == 2)
                exit(0); // with destructors
            _exit(0);
        }
        must_end_well(child);
        wait_for(seq);
        for (int i = 0; i < 4; i++)
            CHECK(exec_rets[i] == NRT_SUCCESS);
        CHECK(run_blocking(model, &io, 1) == wanted);
    }
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
