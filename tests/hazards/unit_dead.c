// finds: SIM-UNIT-DEAD - -> nrta_execute_schedule
// with: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=1,status=1202}]
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status);
    wait_for(seq);
    for (int batch = 0; batch < 16; batch++) {
        NRT_STATUS ret = nrta_execute_schedule(s.model, s.inputs[0], s.outputs[0], 0, &status, &seq);
#ifdef FIXED
        if (ret == NRT_EXEC_UNIT_UNRECOVERABLE)
            break; // only a new runtime helps
#else
        (void)ret; // maybe the next one
#endif
    }
    // ]
    return close_scene(&s);
}
