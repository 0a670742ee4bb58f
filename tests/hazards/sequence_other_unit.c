// finds: SIM-SEQ-OTHER-UNIT nrta_execute_schedule -> nrta_get_sequence
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status), done = 0;
    for (int look = 0; look < 1000 && done < seq; look++)
#ifdef FIXED
        OK(nrta_get_sequence(0, NRTA_XU_COMPUTE, 0, &done));
#else
        OK(nrta_get_sequence(0, NRTA_XU_TENSOR_OP, 0, &done));
#endif
    // ]
    wait_for(seq);
    return close_scene(&s);
}
