// finds: SIM-STATUS-CHANGED nrta_execute_schedule -> -
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    // [
    NRT_STATUS status;
#ifdef FIXED
    status = NRT_FAILURE;
    nrta_seq_t seq = run(&s, 0, &status);
#else
    nrta_seq_t seq = run(&s, 0, &status);
    status = NRT_FAILURE; // too late: the run may have ended
#endif
    wait_for(seq);
    // ]
    return close_scene(&s);
}
