// finds: SIM-ORDER-BY-DEPTH nrta_execute_schedule -> nrt_tensor_read
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[9];
    nrta_seq_t seq[9];
    char result[SIZE];
    // [
    for (int i = 0; i < 9; i++) // the queue takes 8, so the first must be done when it takes the ninth
        while (nrta_execute_schedule(s.model, s.inputs[i > 0], s.outputs[i > 0], 0, &status[i], &seq[i]) != NRT_SUCCESS)
            usleep(100);
#ifdef FIXED
    wait_for(seq[0]);
#endif
    OK(nrt_tensor_read(s.out[0], result, 0, SIZE));
    // ]
    wait_for(seq[8]);
    return close_scene(&s);
}
