// run: many_observers {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Four threads share two queues of tensor operations. Each submits to whichever it likes, looks at whichever it likes,
// and uses its buffer again as soon as any of them has seen its request completed.
#include "../hazard.h"

#include <stdatomic.h>

#define THREADS 4
#define ROUNDS 300

static struct scene scene;
static _Atomic nrta_seq_t seen[2]; // the largest id of each queue that any thread was told

static void look(int queue) {
    nrta_seq_t now, before = atomic_load(&seen[queue]);
    OK(nrta_get_sequence(0, NRTA_XU_TENSOR_OP, queue, &now));
    while (now > before && !atomic_compare_exchange_weak(&seen[queue], &before, now))
        ;
}

static void *work(void *argument) {
    int me = *(int *)argument;
    char buffer[SIZE];
    NRT_STATUS status;
    for (int i = 0; i < ROUNDS; i++) {
        int queue = (i + me) % 2;
        nrta_seq_t seq;
        memset(buffer, i, SIZE);
        status = NRT_FAILURE;
        if (i % 3 == 0)
            OK(nrta_tensor_read(buffer, scene.other, (uint64_t)me * SIZE, SIZE, 0, queue, &status, &seq));
        else
            OK(nrta_tensor_write(scene.other, buffer, (uint64_t)me * SIZE, SIZE, 0, queue, &status, &seq));
        while (atomic_load(&seen[queue]) < seq) {
            look(!queue); // for the others
            look(queue);
        }
        OK(status);
    }
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    int numbers[THREADS];
    scene = open_scene(argc, argv);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, work, &numbers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return close_scene(&scene);
}
