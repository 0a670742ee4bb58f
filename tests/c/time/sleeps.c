// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Two threads: one sleeps in poll() until a run is done and looks at nothing, the other looks if it is told to with
// "looks" as argument 2. Registers two descriptors.
#include "mode.h"

#include <pthread.h>

static int efd;

static void *sleeper(void *woken) {
    *(bool *)woken = readable(efd, DEADLINE_S * 1000) && drain(efd) == 1;
    return NULL;
}

int main(int argc, char **argv) {
    read_mode();
    nrt_model_t *model = start(argc, argv);
    struct io io;
    NRT_STATUS status;
    bool woken = false, looks = argc > 2 && strcmp(argv[2], "looks") == 0;
    pthread_t thread;
    io_open(&io, model, 0);
    efd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int other = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    nrta_seq_t seq = submit(model, &io, &status);
    OK(nrta_event_register_seq_id_completion(seq, efd));
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, other));
    CHECK(pthread_create(&thread, NULL, sleeper, &woken) == 0);
    if (looks)
        wait_for(seq);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(woken);
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, -1));
    nrt_close();
    return ok();
}
