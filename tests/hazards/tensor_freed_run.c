// finds: SIM-TENSOR-FREED-RUN nrta_execute_schedule -> nrt_tensor_free
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status);
#ifdef FIXED
    wait_for(seq);
#endif
    nrt_tensor_free(&s.x[0]);
    // ]
    wait_for(seq);
    return close_scene(&s);
}
