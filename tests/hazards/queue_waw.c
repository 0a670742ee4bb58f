// finds: SIM-QUEUE-WAW nrta_tensor_write -> nrta_tensor_write
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[2];
    nrta_seq_t seq[2];
    static const char first[SIZE], second[SIZE];
    // [
    OK(nrta_tensor_write(s.other, first, 0, SIZE, 0, 0, &status[0], &seq[0]));
#ifdef FIXED
    wait_for(seq[0]);
#endif
    OK(nrta_tensor_write(s.other, second, SIZE / 2, SIZE, 0, 1, &status[1], &seq[1])); // on queue 1
    // ]
    wait_for(seq[0]);
    wait_for(seq[1]);
    return close_scene(&s);
}
