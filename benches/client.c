// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Measures the library as a client sees it: usage: client model.neff. Prints one `name: value unit` a line.
// Every figure is a median; a ratio is taken against a baseline measured in the same loop.
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <nrt/nrt.h>
#include <nrt/nrt_async.h>

#define DEPTH 8
#define BIG (64u << 20)

#define MUST(call)                                                                                            \
    do {                                                                                                      \
        int status_ = (int)(call);                                                                            \
        if (status_ != NRT_SUCCESS) {                                                                         \
            fprintf(stderr, "%s:%d: %s returned %d\n", __FILE__, __LINE__, #call, status_);                   \
            exit(1);                                                                                          \
        }                                                                                                     \
    } while (0)

static void *neff;
static size_t neff_size;

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double cpu_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

struct work {
    nrt_model_t *model;
    nrt_tensor_set_t *inputs, *outputs;
    int core;
};

static nrt_tensor_t *tensor(int core, size_t size) {
    nrt_tensor_t *made;
    MUST(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, core, size, "bench", &made));
    return made;
}

static struct work prepare(int core) {
    struct work work = {.core = core};
    MUST(nrt_load(neff, neff_size, core, 1, &work.model));
    MUST(nrt_allocate_tensor_set(&work.inputs));
    MUST(nrt_allocate_tensor_set(&work.outputs));
    MUST(nrt_add_tensor_to_tensor_set(work.inputs, "x", tensor(core, 64)));
    MUST(nrt_add_tensor_to_tensor_set(work.inputs, "y", tensor(core, 64)));
    MUST(nrt_add_tensor_to_tensor_set(work.outputs, "out", tensor(core, 64)));
    return work;
}

static nrta_seq_t submit(struct work *work, NRT_STATUS *status) {
    nrta_seq_t seq;
    MUST(nrta_execute_schedule(work->model, work->inputs, work->outputs, 0, status, &seq));
    return seq;
}

static void finish(nrta_seq_t seq) {
    bool done = false;
    while (!done)
        MUST(nrta_is_completed(seq, &done));
}

static void submissions(struct work *work) {
    enum { ROUNDS = 20000 };
    static double submits[ROUNDS], rounds[ROUNDS];
    NRT_STATUS status[DEPTH];
    for (int round = 0; round < ROUNDS; round++) {
        nrta_seq_t last = 0;
        double begin = now_ns();
        for (int i = 0; i < DEPTH; i++)
            last = submit(work, &status[i]);
        submits[round] = (now_ns() - begin) / DEPTH;
        finish(last);
    }
    printf("submit call: %.0f ns\n", median(submits, ROUNDS));
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        finish(submit(work, &status[0]));
        rounds[round] = now_ns() - begin;
    }
    printf("submit to polled complete: %.0f ns\n", median(rounds, ROUNDS));
}

struct echo {
    int ask, answer;
};

// Answers on one eventfd what comes on the other, until it is more than one.
static void *run_echo(void *argument) {
    struct echo *echo = argument;
    uint64_t count = 1, one = 1;
    while (read(echo->ask, &count, sizeof count) == sizeof count && count == 1)
        if (write(echo->answer, &one, sizeof one) != sizeof one)
            exit(1);
    return NULL;
}

// What it costs to have another thread of this machine wake us at all.
static void wakes(void) {
    enum { ROUNDS = 5000 };
    static double rounds[ROUNDS];
    struct echo echo = {.ask = eventfd(0, EFD_CLOEXEC), .answer = eventfd(0, EFD_CLOEXEC)};
    pthread_t thread;
    uint64_t count, one = 1, stop = 2;
    pthread_create(&thread, NULL, run_echo, &echo);
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        if (write(echo.ask, &one, sizeof one) != sizeof one || read(echo.answer, &count, sizeof count) != sizeof count)
            exit(1);
        rounds[round] = now_ns() - begin;
    }
    if (write(echo.ask, &stop, sizeof stop) != sizeof stop)
        exit(1);
    pthread_join(thread, NULL);
    printf("eventfd to another thread and back (baseline): %.0f ns\n", median(rounds, ROUNDS));
}

static void events(struct work *work) {
    enum { ROUNDS = 5000 };
    static double once[ROUNDS], each[ROUNDS], bare[ROUNDS];
    NRT_STATUS status;
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    uint64_t count;
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        MUST(nrta_event_register_seq_id_completion(submit(work, &status), fd));
        poll(&wait, 1, -1);
        once[round] = now_ns() - begin;
        if (read(fd, &count, sizeof count) != sizeof count)
            exit(1);
    }
    MUST(nrta_event_register_xu_completion(work->core, NRTA_XU_COMPUTE, 0, fd));
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        submit(work, &status);
        poll(&wait, 1, -1);
        each[round] = now_ns() - begin;
        if (read(fd, &count, sizeof count) != sizeof count)
            exit(1);
    }
    MUST(nrta_event_register_xu_completion(work->core, NRTA_XU_COMPUTE, 0, -1));
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        count = 1;
        if (write(fd, &count, sizeof count) != sizeof count || poll(&wait, 1, -1) != 1)
            exit(1);
        bare[round] = now_ns() - begin;
        if (read(fd, &count, sizeof count) != sizeof count)
            exit(1);
    }
    close(fd);
    printf("submit to eventfd wake, registered for the request: %.0f ns\n", median(once, ROUNDS));
    printf("submit to eventfd wake, registered for the queue: %.0f ns\n", median(each, ROUNDS));
    printf("eventfd write and poll in one thread (baseline): %.0f ns\n", median(bare, ROUNDS));
}

struct pipeline {
    struct work work;
    pthread_t thread;
    pthread_barrier_t *start;
    double rate;
};

// Keeps the queue of one core full, as the guide does: submit until full, then look how far it has come.
static void *run_pipeline(void *argument) {
    enum { REQUESTS = 400000 };
    struct pipeline *pipeline = argument;
    NRT_STATUS status[DEPTH];
    nrta_seq_t last = 0, done = 0;
    pthread_barrier_wait(pipeline->start);
    double begin = now_ns();
    for (int issued = 0; issued < REQUESTS;) {
        for (int free = DEPTH - (int)(last - done); free > 0 && issued < REQUESTS; free--, issued++) {
            last = submit(&pipeline->work, &status[issued % DEPTH]);
            if (done == 0)
                done = last - 1;
        }
        MUST(nrta_get_sequence((uint32_t)pipeline->work.core, NRTA_XU_COMPUTE, 0, &done));
    }
    finish(last);
    pipeline->rate = REQUESTS / (now_ns() - begin) * 1e3;
    return NULL;
}

static void pipelines(int count) {
    enum { REPEATS = 5 };
    double rates[REPEATS];
    struct pipeline *all = calloc((size_t)count, sizeof *all);
    for (int i = 0; i < count; i++)
        all[i].work = prepare(i);
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        pthread_barrier_t start;
        pthread_barrier_init(&start, NULL, (unsigned)count);
        for (int i = 0; i < count; i++) {
            all[i].start = &start;
            pthread_create(&all[i].thread, NULL, run_pipeline, &all[i]);
        }
        rates[repeat] = 0;
        for (int i = 0; i < count; i++) {
            pthread_join(all[i].thread, NULL);
            rates[repeat] += all[i].rate;
        }
        pthread_barrier_destroy(&start);
    }
    printf("pipelined requests on %d queue%s: %.2f million/s\n", count, count == 1 ? "" : "s", median(rates, REPEATS));
    free(all);
}

static void transfers(size_t size, int rounds) {
    double *copies = calloc((size_t)rounds, sizeof(double)), *writes = calloc((size_t)rounds, sizeof(double));
    double *reads = calloc((size_t)rounds, sizeof(double));
    char *from = malloc(size), *to = malloc(size);
    nrt_tensor_t *device = tensor(0, size);
    memset(from, 1, size);
    memset(to, 2, size);
    MUST(nrt_tensor_write(device, from, 0, size));
    for (int round = 0; round < rounds; round++) {
        double begin = now_ns();
        memcpy(to, from, size);
        __asm__ volatile("" : : "r"(to) : "memory");
        copies[round] = now_ns() - begin;
        begin = now_ns();
        MUST(nrt_tensor_write(device, from, 0, size));
        writes[round] = now_ns() - begin;
        begin = now_ns();
        MUST(nrt_tensor_read(device, to, 0, size));
        reads[round] = now_ns() - begin;
    }
    double copy = median(copies, rounds), write = median(writes, rounds), read = median(reads, rounds);
    printf("memcpy of %zu bytes (baseline): %.0f ns\n", size, copy);
    printf("nrt_tensor_write of %zu bytes: %.0f ns, speed %.2f x memcpy\n", size, write, copy / write);
    printf("nrt_tensor_read of %zu bytes: %.0f ns, speed %.2f x memcpy\n", size, read, copy / read);
    nrt_tensor_free(&device);
    free(from);
    free(to);
    free(copies);
    free(writes);
    free(reads);
}

static void cycles(const char *cores) {
    enum { ROUNDS = 51 };
    double rounds[ROUNDS];
    setenv("NEURON_RT_VISIBLE_CORES", cores, 1);
    for (int round = 0; round < ROUNDS; round++) {
        double begin = now_ns();
        MUST(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
        nrt_close();
        rounds[round] = now_ns() - begin;
    }
    printf("init and close with cores %s: %.3f ms\n", cores, median(rounds, ROUNDS) / 1e6);
}

static long resident_kib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%*s %ld", &pages) != 1)
        exit(1);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int argc, char **argv) {
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: client model.neff\n");
        return 2;
    }
    neff = malloc(1 << 20);
    neff_size = fread(neff, 1, 1 << 20, file);
    fclose(file);

    long before = resident_kib();
    cycles("0");
    cycles("0-63");
    MUST(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    printf("resident after init with 64 cores: %ld KiB, of which the library added %ld KiB\n", resident_kib(),
           resident_kib() - before);
    struct work work = prepare(0);
    submissions(&work);
    events(&work);
    wakes();
    for (int count = 1; count <= 8; count *= 2)
        pipelines(count);
    transfers(64, 20001);
    transfers(BIG, 21);

    double begin = now_ns(), cpu = cpu_ns();
    usleep(2000000);
    printf("idle for 2 s after work: %.3f %% of one CPU\n", (cpu_ns() - cpu) / (now_ns() - begin) * 100);
    nrt_close();
    return 0;
}
