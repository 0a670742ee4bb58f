// finds: SIM-QUEUE-RAW nrta_execute_schedule -> nrta_tensor_read
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[2];
    char result[SIZE];
    // [
    nrta_seq_t produced = run(&s, 0, &status[0]), read;
#ifdef FIXED
    wait_for(produced);
#endif
    OK(nrta_tensor_read(result, s.out[0], 0, SIZE, 0, 0, &status[1], &read));
    // ]
    wait_for(produced);
    wait_for(read);
    return close_scene(&s);
}
