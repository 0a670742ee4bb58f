// run: pipe_of_ids {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A pipeline of three threads with pipes between them: write the input, run the model, read the output, each with
// asynchronous requests. What is passed on is the number of a set whose last request is known to be completed.
#include "../hazard.h"

#define ROUNDS 200

static struct scene scene;
static int to_run[2], to_read[2], to_write[2];

static int take(int *pipe) {
    char set;
    return read(pipe[0], &set, 1) == 1 ? set : -1;
}

static void pass(int *pipe, char set) {
    if (write(pipe[1], &set, 1) != 1)
        exit(1);
}

static void *write_inputs(void *unused) {
    static char inputs[2][SIZE]; // each stays as it is until its write is completed
    for (int i = 0; i < ROUNDS; i++) {
        NRT_STATUS status;
        nrta_seq_t seq;
        int set = take(to_write);
        memset(inputs[set], i, SIZE);
        OK(nrta_tensor_write(scene.x[set], inputs[set], 0, SIZE, 0, 0, &status, &seq));
        wait_for(seq);
        OK(status);
        pass(to_run, (char)set);
    }
    return unused;
}

static void *run_models(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        NRT_STATUS status;
        int set = take(to_run);
        wait_for(run(&scene, set, &status));
        OK(status);
        pass(to_read, (char)set);
    }
    return unused;
}

int main(int argc, char **argv) {
    pthread_t writer, runner;
    scene = open_scene(argc, argv);
    if (pipe(to_run) || pipe(to_read) || pipe(to_write))
        return 1;
    pass(to_write, 0);
    pass(to_write, 1);
    pthread_create(&writer, NULL, write_inputs, NULL);
    pthread_create(&runner, NULL, run_models, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        NRT_STATUS status;
        nrta_seq_t seq;
        char result[SIZE];
        int set = take(to_read);
        OK(nrta_tensor_read(result, scene.out[set], 0, SIZE, 0, 1, &status, &seq));
        wait_for(seq);
        OK(status);
        pass(to_write, (char)set);
    }
    pthread_join(writer, NULL);
    pthread_join(runner, NULL);
    return close_scene(&scene);
}
