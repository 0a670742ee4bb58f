// run: exit_without_close {neff} return -> 0
// run: exit_without_close {neff} exit -> 0
// run: exit_without_close {neff} quick -> 0
// run: exit_without_close {neff} thread -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The process ends with work in flight and the runtime open: from main, by exit, by _exit, and by exit
// on another thread.

#include "../guide/guide.h"

#include <pthread.h>

static void *leave(void *unused) {
    (void)unused;
    exit(ok());
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    CHECK(argc == 3);
    static struct io io;
    static NRT_STATUS exec_rets[8];
    io_open(&io, model, 0);
    io_fill(&io, 1);
    int efd = eventfd(0, EFD_NONBLOCK);
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, efd));
    for (int i = 0; i < 8; i++)
        submit(model, &io, &exec_rets[i]);

    if (strcmp(argv[2], "exit") == 0)
        exit(ok());
    if (strcmp(argv[2], "quick") == 0) {
        ok();
        fflush(NULL);
        _exit(0);
    }
    if (strcmp(argv[2], "thread") == 0) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, leave, NULL) == 0);
        for (;;)
            pause();
    }
    return ok();
}
