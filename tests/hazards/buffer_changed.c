// finds: SIM-BUFFER-CHANGED nrta_tensor_write -> -
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    nrta_seq_t seq;
    static char input[SIZE];
    // [
    OK(nrta_tensor_write(s.x[0], input, 0, SIZE, 0, 0, &status, &seq));
#ifdef FIXED
    wait_for(seq);
#endif
    memset(input, 1, SIZE); // the next batch
    wait_for(seq);
    // ]
    return close_scene(&s);
}
