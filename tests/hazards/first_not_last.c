// finds: SIM-HOST-RAW nrta_execute_schedule -> nrt_tensor_read
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[2];
    nrta_seq_t seq[2];
    char result[SIZE];
    // [
    seq[0] = run(&s, 0, &status[0]);
    seq[1] = run(&s, 1, &status[1]);
#ifdef FIXED
    wait_for(seq[1]);
#else
    wait_for(seq[0]); // the first is done, the second need not be
#endif
    OK(nrt_tensor_read(s.out[1], result, 0, SIZE));
    // ]
    wait_for(seq[1]);
    return close_scene(&s);
}
