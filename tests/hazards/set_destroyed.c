// finds: SIM-SET-DESTROYED nrta_execute_schedule -> nrt_destroy_tensor_set
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status);
#ifdef FIXED
    wait_for(seq);
#endif
    nrt_destroy_tensor_set(&s.inputs[0]);
    // ]
    wait_for(seq);
    return close_scene(&s);
}
