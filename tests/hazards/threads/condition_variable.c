// run: condition_variable {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One thread submits, one observes completions, a third reads the results: the second tells the third by a condition
// variable, which nobody but the two can see.
#include "../hazard.h"

#define ROUNDS 300

static struct scene scene;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static nrta_seq_t submitted[ROUNDS];
static int submitted_count, completed_count, read_count;
static NRT_STATUS status[ROUNDS];

static void *observe(void *unused) {
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        while (submitted_count <= i)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        wait_for(submitted[i]);
        pthread_mutex_lock(&lock);
        completed_count = i + 1;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

static void *read_results(void *unused) {
    char result[SIZE];
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        while (completed_count <= i)
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        OK(status[i]);
        OK(nrt_tensor_read(scene.out[i % 2], result, 0, SIZE));
        pthread_mutex_lock(&lock);
        read_count = i + 1;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

int main(int argc, char **argv) {
    pthread_t observer, reader;
    char input[SIZE];
    scene = open_scene(argc, argv);
    pthread_create(&observer, NULL, observe, NULL);
    pthread_create(&reader, NULL, read_results, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        while (read_count < i - 1) // the set of the request before the last is free
            pthread_cond_wait(&changed, &lock);
        pthread_mutex_unlock(&lock);
        memset(input, i, SIZE);
        OK(nrt_tensor_write(scene.x[i % 2], input, 0, SIZE));
        nrta_seq_t seq = run(&scene, i % 2, &status[i]);
        pthread_mutex_lock(&lock);
        submitted[i] = seq;
        submitted_count = i + 1;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    pthread_join(observer, NULL);
    pthread_join(reader, NULL);
    return close_scene(&scene);
}
