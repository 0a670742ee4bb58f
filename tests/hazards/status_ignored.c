// finds: SIM-STATUS-IGNORED nrta_execute_schedule -> nrta_execute_schedule
// with: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,every=1,status=1002}]
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    // [
    for (int batch = 0; batch < 8; batch++) {
        NRT_STATUS status;
        wait_for(run(&s, 0, &status));
#ifdef FIXED
        if (status != NRT_SUCCESS)
            break;
#endif
    }
    // ]
    return close_scene(&s);
}
