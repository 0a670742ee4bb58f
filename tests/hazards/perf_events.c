// finds: SIM-PERF-EVENTS - -> looks without news
// with: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=1,late="1s"}] NRT_SIM_TIME=wall
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status);
#ifdef FIXED
    int fd = eventfd(0, 0);
    uint64_t signals;
    OK(nrta_event_register_seq_id_completion(seq, fd));
    if (read(fd, &signals, sizeof signals) != sizeof signals)
        return 1;
    close(fd);
#else
    for (bool done = false; !done; usleep(10))
        OK(nrta_is_completed(seq, &done));
#endif
    // ]
    wait_for(seq);
    return close_scene(&s);
}
