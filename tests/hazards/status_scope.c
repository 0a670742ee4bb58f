// finds: SIM-STATUS-SCOPE nrta_execute_schedule -> nrta_is_completed
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

// [
static __attribute__((noinline)) nrta_seq_t start_run(struct scene *s) {
#ifdef FIXED
    static NRT_STATUS status;
#else
    NRT_STATUS status; // gone when the function returns
#endif
    nrta_seq_t seq = run(s, 0, &status);
    return seq;
}
// ]

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    // [
    nrta_seq_t seq = start_run(&s);
    wait_for(seq);
    // ]
    return close_scene(&s);
}
