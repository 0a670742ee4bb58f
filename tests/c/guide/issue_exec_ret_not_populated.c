// run: issue_exec_ret_not_populated {neff} -> 0
// run: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=7,status=1003}] issue_exec_ret_not_populated {neff} 7 1003 -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Common issue: exec_ret is not populated. It is written once, at completion: until then it holds what
// the program put there, and whoever sees the completion, in any of the three ways, finds it written.
// Arguments 2 and 3: the request (from 1) that a fault plan lets end with another status.
#include "guide.h"

#define ROUNDS 150 // divided among the three ways

static bool seen(int way, nrta_seq_t seq, int efd) {
    switch (way) {
    case 0: return completed(seq);
    case 1: return last_completed(0) >= seq;
    default: return readable(efd, 0);
    }
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    int faulty = argc > 3 ? atoi(argv[2]) - 1 : -1;
    int fault = argc > 3 ? atoi(argv[3]) : 0;
    int efd = eventfd(0, EFD_NONBLOCK);
    CHECK(efd >= 0);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);
    unsigned long before = 0, between = 0; // peeks that found nothing, and those that found it early

    for (int round = 0; round < ROUNDS; round++) {
        int way = round % 3, final = round == faulty ? fault : NRT_SUCCESS;
        NRT_STATUS exec_ret = UNTOUCHED;
        nrta_seq_t seq = submit(model, &io, &exec_ret);
        if (way == 2)
            OK(nrta_event_register_seq_id_completion(seq, efd));

        bool written = false;
        for (double end = seconds() + DEADLINE_S; !seen(way, seq, efd);) {
            NRT_STATUS now = peek(&exec_ret);
            CHECK(now == UNTOUCHED || (int)now == final); // nothing in between
            CHECK(!written || (int)now == final);         // and never back
            written |= now != UNTOUCHED;
            *(now == UNTOUCHED ? &before : &between) += 1;
            CHECK(seconds() < end);
        }
        CHECK((int)peek(&exec_ret) == final);
        if (way == 2)
            CHECK(drain(efd) == 1);
    }
    printf("%lu looks before the status was written, %lu between status and completion\n", before, between);
    close(efd);
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
