// finds: SIM-HOST-WAR nrta_execute_schedule -> nrt_tensor_write
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[4];
    nrta_seq_t seq = 0;
    static const char input[SIZE];
    // [
    for (int batch = 0; batch < 4; batch++) {
        OK(nrt_tensor_write(s.x[0], input, 0, SIZE)); // while the last run may still read it
        seq = run(&s, 0, &status[batch]);
#ifdef FIXED
        wait_for(seq);
#endif
    }
    // ]
    wait_for(seq);
    return close_scene(&s);
}
