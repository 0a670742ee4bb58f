// run: threads_on_cores {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Two threads for each core, blocking and asynchronous, all at once, each with tensors of its own.

#include "../guide/guide.h"

#include <pthread.h>

#define ROUNDS 200
#define THREADS_MAX 256

static const char *neff_path;
static nrt_model_t *models[THREADS_MAX / 2];
static uint64_t wanted[ROUNDS];

static void *blocking(void *arg) {
    int core = (int)(intptr_t)arg;
    struct io io;
    io_open(&io, models[core], core);
    for (unsigned i = 0; i < ROUNDS; i++)
        CHECK(run_blocking(models[core], &io, i) == wanted[i]);
    io_close(&io);
    return NULL;
}

static void *asynchronous(void *arg) {
    int core = (int)(intptr_t)arg;
    nrt_model_t *model = load_model(neff_path, core); // a second model on the core
    struct io io;
    nrta_seq_t last = 0;
    io_open(&io, model, core);
    for (unsigned i = 0; i < ROUNDS; i++) {
        NRT_STATUS exec_ret = UNTOUCHED;
        io_fill(&io, i);
        nrta_seq_t seq = submit(model, &io, &exec_ret);
        CHECK(seq > last); // rises, with gaps for the other thread
        CHECK((int)(seq >> 56) == core);
        last = seq;
        wait_for(seq);
        CHECK(exec_ret == NRT_SUCCESS);
        CHECK(io_result(&io) == wanted[i]);
    }
    io_close(&io);
    OK(nrt_unload(model)); // while the other threads go on
    return NULL;
}

int main(int argc, char **argv) {
    models[0] = start(argc, argv);
    neff_path = argv[1];
    uint32_t cores;
    OK(nrt_get_visible_vnc_count(&cores));
    CHECK(cores <= THREADS_MAX / 2);

    struct io io;
    io_open(&io, models[0], 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        wanted[i] = run_blocking(models[0], &io, i);
    io_close(&io);
    for (uint32_t core = 1; core < cores; core++)
        models[core] = load_model(neff_path, (int)core);

    pthread_t threads[THREADS_MAX];
    for (uint32_t i = 0; i < 2 * cores; i++)
        CHECK(pthread_create(&threads[i], NULL, i % 2 ? asynchronous : blocking, (void *)(intptr_t)(i / 2)) == 0);
    for (uint32_t i = 0; i < 2 * cores; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    // Each core ran both threads' requests on one queue.
    for (uint32_t core = 0; core < cores; core++)
        CHECK(NRTA_SEQ_GET_SEQ_NUM(last_completed((int)core)) == (core ? 2 : 3) * ROUNDS);
    nrt_close();
    return ok();
}
