// finds: SIM-EVENT-REUSED nrta_execute_schedule -> nrta_event_register_seq_id_completion
// with: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=1,late="200ms"}] NRT_SIM_TIME=wall
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    int fd = eventfd(0, EFD_NONBLOCK), other;
    nrta_seq_t seq = run(&s, 0, &status);
    OK(nrta_event_register_seq_id_completion(seq, fd));
#ifdef FIXED
    wait_for(seq);
#endif
    close(fd);
    other = open("/dev/null", O_WRONLY); // most likely the same number
    // ]
    wait_for(seq);
    close(other);
    return close_scene(&s);
}
