// finds: SIM-PERF-DRAINED - -> the last such request
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[32];
    nrta_seq_t seq = 0;
    // [
    for (int batch = 0; batch < 32; batch++) {
#ifdef FIXED
        nrta_seq_t next = run(&s, batch % 2, &status[batch]); // while the one before still runs
        if (seq)
            wait_for(seq);
        seq = next;
#else
        seq = run(&s, 0, &status[batch]);
        wait_for(seq);
#endif
    }
    // ]
    wait_for(seq);
    return close_scene(&s);
}
