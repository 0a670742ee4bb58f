// finds: SIM-HOST-RAW nrta_tensor_write -> nrt_execute
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    nrta_seq_t seq;
    static const char input[SIZE];
    // [
    OK(nrta_tensor_write(s.x[0], input, 0, SIZE, 0, 0, &status, &seq));
#ifdef FIXED
    wait_for(seq);
#endif
    OK(nrt_execute(s.model, s.inputs[0], s.outputs[0])); // waits for the run, not for its input
    // ]
    wait_for(seq);
    return close_scene(&s);
}
