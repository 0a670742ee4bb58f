// finds: SIM-STATUS-SHARED nrta_execute_schedule -> nrta_execute_schedule
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    nrta_seq_t seq[2];
    // [
    NRT_STATUS status[2];
    for (int i = 0; i < 2; i++) {
#ifdef FIXED
        seq[i] = run(&s, i, &status[i]);
#else
        seq[i] = run(&s, i, &status[0]); // the second overwrites what the first ended with
#endif
    }
    // ]
    wait_for(seq[1]);
    (void)status;
    return close_scene(&s);
}
