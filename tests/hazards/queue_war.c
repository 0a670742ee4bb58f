// finds: SIM-QUEUE-WAR nrta_execute_schedule -> nrta_tensor_write
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[2];
    static const char input[SIZE];
    // [
    nrta_seq_t consumed = run(&s, 0, &status[0]), written;
#ifdef FIXED
    wait_for(consumed);
#endif
    OK(nrta_tensor_write(s.x[0], input, 0, SIZE, 0, 0, &status[1], &written)); // the input of the run
    // ]
    wait_for(consumed);
    wait_for(written);
    return close_scene(&s);
}
