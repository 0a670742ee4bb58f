// finds: SIM-SEQ-FOREIGN - -> nrta_is_completed
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status);
    bool done = false;
#ifdef FIXED
    OK(nrta_is_completed(seq, &done));
#else
    nrta_is_completed(seq | 0xffull << 56, &done); // another core's, says the program
#endif
    // ]
    wait_for(seq);
    return close_scene(&s);
}
