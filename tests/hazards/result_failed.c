// finds: SIM-RESULT-FAILED nrta_execute_schedule -> nrt_tensor_read
// with: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=1,status=1002}]
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    char result[SIZE];
    // [
    wait_for(run(&s, 0, &status));
#ifdef FIXED
    if (status == NRT_SUCCESS)
#endif
        OK(nrt_tensor_read(s.out[0], result, 0, SIZE)); // nothing was written
    // ]
    return close_scene(&s);
}
