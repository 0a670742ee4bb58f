// finds: SIM-SEQ-UNISSUED - -> nrta_is_completed
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status);
#ifndef FIXED
    seq += 1; // counts from the wrong end
#endif
    bool done = false;
    for (int look = 0; look < 200 && !done; look++)
        OK(nrta_is_completed(seq, &done));
    // ]
    wait_for(seq - !done);
    return close_scene(&s);
}
