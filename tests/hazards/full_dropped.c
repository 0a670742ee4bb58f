// finds: SIM-FULL-DROPPED - -> nrta_execute_schedule
// with: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=3,place="submit",status=7}]
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status[4];
    nrta_seq_t seq[4];
    // [
    for (int batch = 0; batch < 4; batch++) {
        NRT_STATUS ret;
        do {
            ret = nrta_execute_schedule(s.model, s.inputs[0], s.outputs[0], 0, &status[batch], &seq[batch]);
            if (ret == NRT_QUEUE_FULL && batch > 0)
                wait_for(seq[batch - 1]);
#ifdef FIXED
        } while (ret == NRT_QUEUE_FULL);
#else
        } while (0); // the batch is lost
#endif
        if (ret == NRT_SUCCESS)
            wait_for(seq[batch]);
    }
    // ]
    return close_scene(&s);
}
