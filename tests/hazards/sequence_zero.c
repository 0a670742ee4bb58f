// finds: SIM-SEQ-ZERO - -> nrta_is_completed
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

#define FIRST_QUEUE 1 // the compute unit has only queue 0

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = 0;
    NRT_STATUS ret = nrta_execute_schedule(s.model, s.inputs[0], s.outputs[0], FIRST_QUEUE, &status, &seq);
#ifdef FIXED
    if (ret == NRT_SUCCESS)
#endif
        wait_for(seq); // returns at once
    // ]
    (void)ret;
    return close_scene(&s);
}
