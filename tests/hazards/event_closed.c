// finds: SIM-EVENT-CLOSED nrta_execute_schedule -> nrta_event_register_seq_id_completion
// with: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=1,late="200ms"}] NRT_SIM_TIME=wall
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    int fd = eventfd(0, EFD_NONBLOCK);
    nrta_seq_t seq = run(&s, 0, &status);
    OK(nrta_event_register_seq_id_completion(seq, fd));
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, 1) == 0) { // it takes longer than that
#ifdef FIXED
        OK(nrta_event_register_seq_id_completion(seq, -1));
#endif
    }
    close(fd);
    // ]
    wait_for(seq);
    return close_scene(&s);
}
