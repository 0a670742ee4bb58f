// run: sequence_rules {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Sequences start at 1, 0 is "none yet"; each unit counts for itself; events registered before, about at
// and after completion; a negative fd deregisters; ids that name no unit are refused.

#include "../guide/guide.h"

static nrta_seq_t newest(uint32_t core, nrta_xu_t xu, int queue) {
    nrta_seq_t seq = 0;
    OK(nrta_get_sequence(core, xu, queue, &seq));
    return seq;
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);
    bool done;
    nrta_seq_t seq;
    static const int queues[] = {2, 1, 3}; // tensor operations, compute, collectives

    // Before the first request each queue says number 0, with the bits of its own unit.
    for (int core = 0; core < 2; core++)
        for (int xu = 0; xu < NRTA_XU_TYPE_NUM; xu++) {
            for (int queue = 0; queue < queues[xu]; queue++)
                CHECK(newest((uint32_t)core, (nrta_xu_t)xu, queue) >> 48 == (nrta_seq_t)(core << 8 | queue << 4 | xu));
            EXPECT(NRT_INVALID, nrta_get_sequence((uint32_t)core, (nrta_xu_t)xu, queues[xu], &seq));
            EXPECT(NRT_INVALID, nrta_get_sequence((uint32_t)core, (nrta_xu_t)xu, -1, &seq));
        }
    CHECK(NRTA_SEQ_GET_SEQ_NUM(newest(0, NRTA_XU_COMPUTE, 0)) == 0);
    EXPECT(NRT_INVALID, nrta_get_sequence(0, NRTA_XU_TYPE_NUM, 0, &seq));
    EXPECT(NRT_INVALID, nrta_get_sequence(0, NRTA_XU_COMPUTE, 0, NULL));
    EXPECT(NRT_INVALID, nrta_is_completed(0xff01000000000001u, &done)); // core 255
    EXPECT(NRT_INVALID, nrta_is_completed(0x000f000000000001u, &done)); // no such kind
    EXPECT(NRT_INVALID, nrta_event_register_seq_id_completion(0xff01000000000001u, 0));

    // A queue can have an event before its first request. It will count all completions.
    int efd = eventfd(0, EFD_NONBLOCK), unit = eventfd(0, EFD_NONBLOCK);
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, -1)); // none is registered: harmless
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, unit));
    CHECK(!readable(unit, 0));

    // Compute and tensor operations count for themselves, each from 1.
    NRT_STATUS ret = UNTOUCHED, copy_ret = UNTOUCHED;
    nrta_seq_t first = submit(model, &io, &ret), write;
    CHECK(first == 0x0001000000000001u);
    unsigned char byte = 1;
    OK(nrta_tensor_write(io.tensors[0], &byte, 0, 1, 0, 1, &copy_ret, &write));
    CHECK(write == 0x0010000000000001u);
    wait_for(first);
    wait_for(write);
    CHECK(ret == NRT_SUCCESS && copy_ret == NRT_SUCCESS);
    CHECK(newest(0, NRTA_XU_COMPUTE, 0) == first && newest(0, NRTA_XU_TENSOR_OP, 1) == write);
    CHECK(NRTA_SEQ_GET_SEQ_NUM(newest(0, NRTA_XU_TENSOR_OP, 0)) == 0);
    OK(nrta_is_completed(first + 1000, &done)); // a number of the future is just not completed
    CHECK(!done);

    // An event for one request. After completion: at once, each time.
    for (int i = 0; i < 3; i++) {
        OK(nrta_event_register_seq_id_completion(first, efd));
        CHECK(drain(efd) == 1);
    }
    OK(nrta_event_register_seq_id_completion(first, -1)); // nothing is left: harmless
    for (int round = 0; round < 100; round++) {
        // About at completion: pending or not, exactly one signal.
        seq = submit(model, &io, &ret);
        OK(nrta_event_register_seq_id_completion(seq, efd));
        CHECK(readable(efd, DEADLINE_S * 1000));
        CHECK(drain(efd) == 1 && completed(seq));
    }
    // The event of the queue had one signal for each of the 101 requests.
    uint64_t signals = 0;
    while (signals < 101) {
        CHECK(readable(unit, DEADLINE_S * 1000));
        signals += drain(unit);
    }
    CHECK(signals == 101);
    // A negative fd deregisters, for good.
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, -1));
    OK(nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, -1));
    wait_for(submit(model, &io, &ret));
    OK(nrt_execute(model, io.inputs, io.outputs)); // the event of the request before would be here by now
    CHECK(!readable(unit, 0) && !readable(efd, 0));
    close(unit);
    close(efd);
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
