// finds: SIM-BUFFER-FREED nrta_tensor_write -> -
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

#define PENDING ((NRT_STATUS)-1)

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    volatile NRT_STATUS status = PENDING;
    nrta_seq_t seq;
    char *input = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    // [
    OK(nrta_tensor_write(s.other, input, 0, 1 << 16, 0, 0, (NRT_STATUS *)&status, &seq));
#ifdef FIXED
    wait_for(seq);
    munmap(input, 1 << 16);
#else
    while (status == PENDING) // not the way to learn that the request is over
        usleep(1);
    munmap(input, 1 << 16);
    wait_for(seq);
#endif
    // ]
    return close_scene(&s);
}
