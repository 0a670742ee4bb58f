// run: NRT_SIM_CHECK=poison poison {neff} -> 0
// run: NRT_SIM_CHECK=poison NRT_SIM_TIME=manual poison {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What poison does to a wrong program, and that it does nothing to a right one.
#include "../hazard.h"

static const unsigned char PATTERN[4] = {0xb5, 0xff, 0xb5, 0xff};

#define MUST(condition)                                                                                       \
    do {                                                                                                      \
        if (!(condition)) {                                                                                   \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                   \
            exit(1);                                                                                          \
        }                                                                                                     \
    } while (0)

static bool is_poison(const void *bytes, size_t size) {
    for (size_t at = 0; at < size; at++)
        if (((const unsigned char *)bytes)[at] != PATTERN[at % 4])
            return false;
    return true;
}

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    char wanted[SIZE], result[SIZE];
    NRT_STATUS status[16];
    nrta_seq_t seq;

    // Right: what was computed is there once the run is known to be over.
    OK(nrt_execute(s.model, s.inputs[0], s.outputs[0]));
    OK(nrt_tensor_read(s.out[0], wanted, 0, SIZE));
    wait_for(run(&s, 0, &status[0]));
    OK(nrt_tensor_read(s.out[0], result, 0, SIZE));
    MUST(memcmp(result, wanted, SIZE) == 0 && !is_poison(result, SIZE));

    // Right: runs in a row into the same output, and a run whose input is the output of the one before.
    OK(nrt_add_tensor_to_tensor_set(s.inputs[1], "x", s.out[0]));
    run(&s, 0, &status[0]);
    run(&s, 1, &status[1]);
    run(&s, 0, &status[2]);
    wait_for(run(&s, 1, &status[3]));
    OK(nrt_tensor_read(s.out[1], wanted, 0, SIZE));
    OK(nrt_execute(s.model, s.inputs[0], s.outputs[0]));
    OK(nrt_execute(s.model, s.inputs[1], s.outputs[1]));
    OK(nrt_tensor_read(s.out[1], result, 0, SIZE));
    MUST(memcmp(result, wanted, SIZE) == 0 && !is_poison(result, SIZE));

    // Wrong: reading before that. Even if the run is over by then.
    seq = run(&s, 0, &status[0]);
    OK(nrt_tensor_read(s.out[0], result, 0, SIZE));
    MUST(is_poison(result, SIZE));
    wait_for(seq);
    OK(nrt_tensor_read(s.out[0], result, 0, SIZE));
    MUST(!is_poison(result, SIZE));

    // A refused run leaves its outputs as they were.
    OK(nrt_tensor_memset(s.out[1], 0, 7, SIZE));
    MUST(nrta_execute_schedule(s.model, s.inputs[1], s.outputs[1], 1, &status[0], &seq) == NRT_INVALID);
    OK(nrt_tensor_read(s.out[1], result, 0, SIZE));
    MUST(result[0] == 7 && result[SIZE - 1] == 7);

    // Wrong: the address of a freed tensor.
    nrt_tensor_t *freed = tensor("freed", 4096);
    const char *bytes = nrt_tensor_get_va(freed);
    nrt_tensor_free(&freed);
    MUST(is_poison(bytes, 4096));

    // Right: a slice keeps the bytes of a tensor that is freed.
    nrt_tensor_t *whole = tensor("whole", 4096), *slice = NULL;
    OK(nrt_tensor_memset(whole, 0, 5, 4096));
    OK(nrt_tensor_allocate_slice(whole, 64, 64, "slice", &slice));
    nrt_tensor_free(&whole);
    OK(nrt_tensor_read(slice, result, 0, SIZE));
    MUST(result[0] == 5 && result[SIZE - 1] == 5);
    nrt_tensor_free(&slice);

    // Right: new memory is zero, though freed memory is kept.
    for (int i = 0; i < 600; i++) {
        nrt_tensor_t *fresh = tensor("fresh", 4096);
        OK(nrt_tensor_read(fresh, result, 0, SIZE));
        MUST(result[0] == 0 && result[SIZE - 1] == 0);
        nrt_tensor_free(&fresh);
    }
    return close_scene(&s);
}
