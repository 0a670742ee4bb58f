// finds: SIM-STATUS-FREED nrta_execute_schedule -> -
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

#define PENDING ((NRT_STATUS)-1)

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS *status = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    *status = PENDING;
    // [
    nrta_seq_t seq = run(&s, 0, status);
#ifdef FIXED
    wait_for(seq);
    munmap(status, 4096);
#else
    while (*(volatile NRT_STATUS *)status == PENDING)
        usleep(1);
    munmap(status, 4096);
    wait_for(seq);
#endif
    // ]
    return close_scene(&s);
}
