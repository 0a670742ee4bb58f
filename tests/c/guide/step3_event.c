// run: step3_event {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Step 3, option B: an eventfd that is signalled on completion.
#include "guide.h"

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    int timeout_ms = DEADLINE_S * 1000;
    uint64_t wanted = run_blocking(model, &io, 9);

    for (int round = 0; round < 50; round++) {
        NRT_STATUS exec_ret = UNTOUCHED;
        nrta_seq_t seq = submit(model, &io, &exec_ret);

        // The request may be over before the registration: then it signals at once.
        int efd = eventfd(0, EFD_NONBLOCK);
        CHECK(efd >= 0);
        OK(nrta_event_register_seq_id_completion(seq, efd));

        struct pollfd pfd = {.fd = efd, .events = POLLIN};
        CHECK(poll(&pfd, 1, timeout_ms) == 1);
        CHECK(pfd.revents & POLLIN);

        // Data, status and sequence were there before the signal.
        CHECK(exec_ret == NRT_SUCCESS);
        CHECK(completed(seq));
        CHECK(last_completed(0) >= seq);
        CHECK(io_result(&io) == wanted);
        CHECK(drain(efd) == 1); // one request, one signal
        CHECK(drain(efd) == 0);
        close(efd);
    }

    // One eventfd for several requests: the counts add up.
    int efd = eventfd(0, EFD_NONBLOCK);
    NRT_STATUS exec_rets[6];
    nrta_seq_t last = 0;
    for (int i = 0; i < 6; i++) {
        last = submit(model, &io, &exec_rets[i]);
        OK(nrta_event_register_seq_id_completion(last, efd));
    }
    uint64_t signals = 0;
    while (signals < 6) {
        CHECK(readable(efd, timeout_ms));
        signals += drain(efd);
    }
    CHECK(signals == 6 && completed(last));
    close(efd);

    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
