// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Runs the model of argument 1 three times and reads a tensor once, then ends as argument 2 says: `close`,
// after freeing everything; `exit` with code 7, or `kill` by a signal, with everything left as it is.
#include "../guide/guide.h"

#include <signal.h>

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    const char *end = argc > 2 ? argv[2] : "close";
    struct io io;
    io_open(&io, model, 0);
    for (int run = 0; run < 3; run++)
        OK(nrt_execute(model, io.inputs, io.outputs));
    NRT_STATUS status;
    nrta_seq_t seq;
    char bytes[4];
    OK(nrta_tensor_read(bytes, io.tensors[0], 0, sizeof bytes, 0, 1, &status, &seq));
    wait_for(seq);
    if (strcmp(end, "exit") == 0)
        return 7;
    if (strcmp(end, "kill") == 0)
        raise(SIGKILL);
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
