// finds: SIM-FULL-SPIN - -> nrta_execute_schedule
// with: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=1,late="300ms"}] NRT_SIM_TIME=wall
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[12];
    nrta_seq_t seq = 0;
    // [
    for (int batch = 0; batch < 12; batch++) {
        while (nrta_execute_schedule(s.model, s.inputs[0], s.outputs[0], 0, &status[batch], &seq) == NRT_QUEUE_FULL) {
#ifdef FIXED
            usleep(100);
#endif
        }
    }
    // ]
    wait_for(seq);
    return close_scene(&s);
}
