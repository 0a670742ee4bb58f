// finds: SIM-HOST-WAW nrta_execute_schedule -> nrt_tensor_memset
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
    OK(nrt_tensor_memset(s.out[0], 0, 0, SIZE)); // clears the output for the next run, or this one's result
    // ]
    wait_for(seq);
    return close_scene(&s);
}
