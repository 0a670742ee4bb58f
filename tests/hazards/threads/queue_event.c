// run: queue_event {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One eventfd for the whole queue, registered before the first request, read by a thread that counts completions and
// tells the submitting thread by an atomic number. Buffers are used again as soon as the number says so.
#include "../hazard.h"

#include <stdatomic.h>

#define ROUNDS 400
#define SLOTS 4

static atomic_uint done;
static int signals;

static void *count(void *unused) {
    uint64_t more;
    while (atomic_load(&done) < ROUNDS) {
        if (read(signals, &more, sizeof more) != sizeof more)
            exit(1);
        atomic_fetch_add(&done, (unsigned)more);
    }
    return unused;
}

int main(int argc, char **argv) {
    struct scene scene = open_scene(argc, argv);
    static char buffers[SLOTS][SIZE];
    static NRT_STATUS status[SLOTS];
    pthread_t counter;
    signals = eventfd(0, 0);
    OK(nrta_event_register_xu_completion(0, NRTA_XU_TENSOR_OP, 0, signals));
    pthread_create(&counter, NULL, count, NULL);
    for (unsigned i = 0; i < ROUNDS; i++) {
        nrta_seq_t seq;
        while (i >= SLOTS && atomic_load(&done) < i - SLOTS + 1)
            usleep(1);
        memset(buffers[i % SLOTS], (int)i, SIZE);
        status[i % SLOTS] = NRT_FAILURE;
        OK(nrta_tensor_write(scene.other, buffers[i % SLOTS], i % SLOTS * SIZE, SIZE, 0, 0, &status[i % SLOTS], &seq));
    }
    pthread_join(counter, NULL);
    OK(nrta_event_register_xu_completion(0, NRTA_XU_TENSOR_OP, 0, -1));
    close(signals);
    return close_scene(&scene);
}
