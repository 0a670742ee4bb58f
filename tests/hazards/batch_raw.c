// finds: SIM-HOST-RAW nrta_execute_schedule -> nrt_tensor_read_batch
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    char result[SIZE];
    // [
    nrta_seq_t seq = run(&s, 0, &status);
#ifdef FIXED
    wait_for(seq);
#endif
    nrt_tensor_batch_op_t op = {.offset = 16, .size = 16, .buffer = result};
    nrt_tensor_batch_t batch = {.tensor = s.out[0], .ops = &op, .num_ops = 1};
    OK(nrt_tensor_read_batch(&batch, 1, false));
    // ]
    wait_for(seq);
    return close_scene(&s);
}
