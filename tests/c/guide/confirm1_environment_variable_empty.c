// run: confirm1_environment_variable_empty {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Confirm your work, 1: the variable is not set, neither for this program nor for a shell it starts.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    CHECK(getenv("NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS") == NULL);

    char line[64] = "?";
    FILE *shell = popen("echo $NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS", "r");
    CHECK(shell && fgets(line, sizeof line, shell) != NULL);
    CHECK(strcmp(line, "\n") == 0);
    CHECK(pclose(shell) == 0);

    // The shell was forked from a process with a running runtime; that did not disturb it.
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);
    NRT_STATUS exec_ret = UNTOUCHED;
    wait_for(submit(model, &io, &exec_ret));
    CHECK(exec_ret == NRT_SUCCESS);
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
