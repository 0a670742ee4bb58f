// finds: SIM-BUFFER-SHARED nrta_tensor_read -> nrta_tensor_read
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[2];
    nrta_seq_t seq[2];
    static char buffer[SIZE], other_buffer[SIZE];
    // [
    OK(nrta_tensor_read(buffer, s.x[0], 0, SIZE, 0, 0, &status[0], &seq[0]));
#ifdef FIXED
    OK(nrta_tensor_read(other_buffer, s.y[0], 0, SIZE, 0, 1, &status[1], &seq[1]));
#else
    OK(nrta_tensor_read(buffer, s.y[0], 0, SIZE, 0, 1, &status[1], &seq[1]));
#endif
    // ]
    wait_for(seq[0]);
    wait_for(seq[1]);
    (void)other_buffer;
    return close_scene(&s);
}
