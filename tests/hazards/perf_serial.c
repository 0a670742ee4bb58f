// finds: SIM-PERF-SERIAL the last such request -> the last such request
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[2];
    nrta_seq_t seq[2];
    static char result[32][SIZE];
    // [
    for (int batch = 0; batch < 32; batch++) {
        OK(nrta_tensor_read(result[batch], s.other, 0, SIZE, 0, 0, &status[0], &seq[0]));
#ifndef FIXED
        wait_for(seq[0]); // the other has nothing to do with it
#endif
        OK(nrta_tensor_copy(s.x[1], 0, s.y[1], 0, SIZE, 0, 1, &status[1], &seq[1]));
        wait_for(seq[0]);
        wait_for(seq[1]);
    }
    // ]
    return close_scene(&s);
}
