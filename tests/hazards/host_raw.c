// finds: SIM-HOST-RAW nrta_execute_schedule -> nrt_tensor_read
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    char result[SIZE];
    // [
    NRT_STATUS status;
    nrta_seq_t seq = run(&s, 0, &status);
#ifdef FIXED
    wait_for(seq);
#endif
    OK(nrt_tensor_read(s.out[0], result, 0, SIZE));
    // ]
    wait_for(seq);
    return close_scene(&s) || result[0] == 1;
}
