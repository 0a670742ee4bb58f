// finds: SIM-QUEUE-RAW nrta_execute_schedule -> nrta_tensor_write
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[2];
    // [
    nrta_seq_t produced = run(&s, 0, &status[0]), written;
#ifdef FIXED
    wait_for(produced);
#endif
    // The source is the output of the run, by its address.
    OK(nrta_tensor_write(s.other, nrt_tensor_get_va(s.out[0]), 0, SIZE, 0, 0, &status[1], &written));
    // ]
    wait_for(produced);
    wait_for(written);
    return close_scene(&s);
}
