// finds: SIM-STATUS-UNSEEN nrta_execute_schedule -> nrt_close
// also: SIM-LEAK-CLOSE
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    static NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status);
#ifdef FIXED
    wait_for(seq);
    return close_scene(&s);
#else
    nrt_close(); // waits for the run, but what it ended with is lost
    return seq == 0;
#endif
    // ]
}
