// finds: SIM-TENSOR-FREED nrta_tensor_read -> nrt_tensor_free
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    nrta_seq_t seq;
    char result[SIZE];
    // [
    nrt_tensor_t *scratch = tensor("scratch", SIZE);
    OK(nrta_tensor_read(result, scratch, 0, SIZE, 0, 0, &status, &seq));
#ifdef FIXED
    wait_for(seq);
#endif
    nrt_tensor_free(&scratch);
    // ]
    wait_for(seq);
    return close_scene(&s);
}
