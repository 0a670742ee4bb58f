// finds: SIM-TENSOR-REPLACED nrta_tensor_read -> nrt_tensor_attach_buffer
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    nrta_seq_t seq;
    char result[SIZE];
    static char buffer[SIZE];
    nrt_tensor_t *scratch = tensor("scratch", SIZE);
    // [
    OK(nrta_tensor_read(result, scratch, 0, SIZE, 0, 0, &status, &seq));
#ifdef FIXED
    wait_for(seq);
#endif
    OK(nrt_tensor_attach_buffer(scratch, buffer, SIZE));
    // ]
    wait_for(seq);
    nrt_tensor_free(&scratch);
    return close_scene(&s);
}
