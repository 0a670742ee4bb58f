// finds: SIM-QUEUE-RAW nrta_tensor_write -> nrta_tensor_copy
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[2];
    nrta_seq_t seq[2];
    static const char input[SIZE];
    // [
    nrt_tensor_t *slice = NULL; // a view of the same bytes
    OK(nrt_tensor_allocate_slice(s.other, 256, SIZE, "slice", &slice));
    OK(nrta_tensor_write(s.other, input, 256, SIZE, 0, 0, &status[0], &seq[0]));
#ifdef FIXED
    wait_for(seq[0]);
#endif
    OK(nrta_tensor_copy(slice, 0, s.x[0], 0, SIZE, 0, 1, &status[1], &seq[1]));
    // ]
    wait_for(seq[0]);
    wait_for(seq[1]);
    nrt_tensor_free(&slice);
    return close_scene(&s);
}
