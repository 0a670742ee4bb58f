// finds: SIM-HOST-RAW nrta_execute_schedule -> nrt_tensor_read
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    char result[SIZE];
    // [
    nrta_seq_t seq = run(&s, 0, &status), done;
#ifdef FIXED
    do {
        OK(nrta_get_sequence(0, NRTA_XU_COMPUTE, 0, &done));
    } while (done < seq);
#else
    OK(nrta_get_sequence(1, NRTA_XU_COMPUTE, 0, &done)); // of another core, so it says nothing
#endif
    OK(nrt_tensor_read(s.out[0], result, 0, SIZE));
    // ]
    wait_for(seq);
    (void)done;
    return close_scene(&s);
}
