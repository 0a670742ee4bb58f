// run: eventfds {neff} -> 0
// run: NRT_SIM_TIME=wall eventfds {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Two threads with eventfds between them and the device: one submits, the other sleeps until the signal of each request
// and reads the result without asking the runtime. The first learns by an eventfd of the second that a set is free.
#include "../hazard.h"

#define ROUNDS 200

static struct scene scene;
static int completed[2], is_free[2];
static NRT_STATUS status[2];

static void await(int fd) {
    uint64_t count;
    if (read(fd, &count, sizeof count) != sizeof count || count != 1)
        exit(1);
}

static void *read_results(void *unused) {
    char result[SIZE];
    uint64_t one = 1;
    for (int i = 0; i < ROUNDS; i++) {
        await(completed[i % 2]);
        OK(status[i % 2]);
        OK(nrt_tensor_read(scene.out[i % 2], result, 0, SIZE));
        status[i % 2] = NRT_FAILURE; // ours again
        if (write(is_free[i % 2], &one, sizeof one) != sizeof one)
            exit(1);
    }
    return unused;
}

int main(int argc, char **argv) {
    pthread_t reader;
    char input[SIZE];
    scene = open_scene(argc, argv);
    for (int i = 0; i < 2; i++)
        completed[i] = eventfd(0, 0), is_free[i] = eventfd(1, 0);
    pthread_create(&reader, NULL, read_results, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        await(is_free[i % 2]);
        memset(input, i, SIZE);
        OK(nrt_tensor_write(scene.x[i % 2], input, 0, SIZE));
        nrta_seq_t seq = run(&scene, i % 2, &status[i % 2]);
        OK(nrta_event_register_seq_id_completion(seq, completed[i % 2]));
    }
    pthread_join(reader, NULL);
    for (int i = 0; i < 2; i++)
        close(completed[i]), close(is_free[i]);
    return close_scene(&scene);
}
