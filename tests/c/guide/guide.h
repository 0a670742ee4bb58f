// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the programs of this folder and of ../clients share: checks, a model, its tensors.
//
// Each program begins with lines that say how to run it:
//     // run: [NAME=VALUE ...] program ARGUMENTS -> EXITCODE
// {neff} stands for the path of a NEFF. Values hold no spaces, so words may be split at spaces. Each
// program prints "ok" last. `// link: none` means: do not link the library, the program opens it.
#ifndef GUIDE_H
#define GUIDE_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <nrt/nrt.h>
#include <nrt/nrt_async.h>
#include <nrt/nrt_experimental.h>

#define DEADLINE_S 10 // for everything that is waited for
#define IO_MAX 32     // inputs and outputs of a model together
#define UNTOUCHED ((NRT_STATUS)0x7fffffff)

#define CHECK(condition)                                                                                      \
    do {                                                                                                      \
        if (!(condition))                                                                                     \
            check_failed(__FILE__, __LINE__, #condition, "is false");                                         \
    } while (0)
// The call must return exactly this status.
#define EXPECT(status, call) check_status(__FILE__, __LINE__, #call, (int)(call), (int)(status))
#define OK(call) EXPECT(NRT_SUCCESS, call)

static inline void check_failed(const char *file, int line, const char *what, const char *why) {
    fprintf(stderr, "%s:%d: %s %s\n", file, line, what, why);
    fflush(NULL);
    _exit(1);
}

static inline void check_status(const char *file, int line, const char *call, int got, int wanted) {
    char why[64];
    if (got == wanted)
        return;
    snprintf(why, sizeof why, "returned %d, not %d", got, wanted);
    check_failed(file, line, call, why);
}

static inline double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static inline int ok(void) {
    puts("ok");
    return 0;
}

static inline void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file)
        check_failed(path, 0, "this file", strerror(errno));
    CHECK(fseek(file, 0, SEEK_END) == 0);
    *size = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size + 1);
    CHECK(bytes && fread(bytes, 1, *size, file) == *size);
    fclose(file);
    return bytes;
}

static inline nrt_model_t *load_model(const char *path, int core) {
    size_t size;
    void *neff = read_file(path, &size);
    nrt_model_t *model = NULL;
    OK(nrt_load(neff, size, core, -1, &model));
    CHECK(model != NULL);
    free(neff); // the library keeps no pointer to it
    return model;
}

// Opens the runtime and loads the model of argument 1 on core 0.
static inline nrt_model_t *start(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s MODEL.neff ...\n", argv[0]);
        exit(2);
    }
    alarm(12 * DEADLINE_S); // a call that blocks for ever ends the program
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    return load_model(argv[1], 0);
}

// The tensors of one request.
struct io {
    nrt_tensor_set_t *inputs, *outputs;
    nrt_tensor_t *tensors[IO_MAX];
    size_t sizes[IO_MAX];
    bool is_input[IO_MAX];
    uint64_t count;
};

static inline void io_open(struct io *io, nrt_model_t *model, int core) {
    nrt_tensor_info_array_t *info = NULL;
    OK(nrt_get_model_tensor_info(model, &info));
    CHECK(info && info->tensor_count >= 2 && info->tensor_count <= IO_MAX);
    OK(nrt_allocate_tensor_set(&io->inputs));
    OK(nrt_allocate_tensor_set(&io->outputs));
    io->count = info->tensor_count;
    for (uint64_t i = 0; i < io->count; i++) {
        const nrt_tensor_info_t *t = &info->tensor_array[i];
        io->sizes[i] = t->size;
        io->is_input[i] = t->usage == NRT_TENSOR_USAGE_INPUT;
        OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, core, t->size, t->name, &io->tensors[i]));
        OK(nrt_add_tensor_to_tensor_set(io->is_input[i] ? io->inputs : io->outputs, t->name, io->tensors[i]));
    }
    OK(nrt_free_model_tensor_info(info));
}

static inline void io_close(struct io *io) {
    nrt_destroy_tensor_set(&io->inputs);
    nrt_destroy_tensor_set(&io->outputs);
    for (uint64_t i = 0; i < io->count; i++)
        nrt_tensor_free(&io->tensors[i]);
}

// Inputs that follow from `seed`. Nothing may be using them.
static inline void io_fill(struct io *io, unsigned seed) {
    for (uint64_t i = 0; i < io->count; i++) {
        if (!io->is_input[i])
            continue;
        unsigned char *bytes = (unsigned char *)malloc(io->sizes[i] + 1);
        CHECK(bytes);
        for (size_t at = 0; at < io->sizes[i]; at++)
            bytes[at] = (unsigned char)((seed + 1) * 2654435761u >> (at % 4 * 8)) + (unsigned char)(i * 7 + at);
        OK(nrt_tensor_write(io->tensors[i], bytes, 0, io->sizes[i]));
        free(bytes);
    }
}

static inline uint64_t fnv1a(uint64_t sum, const void *bytes, size_t size) {
    for (size_t at = 0; at < size; at++)
        sum = (sum ^ ((const unsigned char *)bytes)[at]) * 0x100000001b3u;
    return sum;
}

// A number for all bytes of all outputs. Nothing may be writing them.
static inline uint64_t io_result(const struct io *io) {
    uint64_t sum = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < io->count; i++) {
        if (io->is_input[i])
            continue;
        void *bytes = malloc(io->sizes[i] + 1);
        CHECK(bytes);
        OK(nrt_tensor_read(io->tensors[i], bytes, 0, io->sizes[i]));
        sum = fnv1a(sum, bytes, io->sizes[i]);
        free(bytes);
    }
    return sum;
}

// The result for `seed`, by a blocking run.
static inline uint64_t run_blocking(nrt_model_t *model, struct io *io, unsigned seed) {
    io_fill(io, seed);
    OK(nrt_execute(model, io->inputs, io->outputs));
    return io_result(io);
}

static inline bool completed(nrta_seq_t seq) {
    bool is_completed = false;
    OK(nrta_is_completed(seq, &is_completed));
    return is_completed;
}

static inline void wait_for(nrta_seq_t seq) {
    double end = seconds() + DEADLINE_S;
    while (!completed(seq)) {
        CHECK(seconds() < end);
        usleep(1);
    }
}

#ifndef NRT_SIM_API_2_28
// The newest completed request of a core's compute queue.
static inline nrta_seq_t last_completed(int core) {
    nrta_seq_t seq = 0;
    OK(nrta_get_sequence((uint32_t)core, NRTA_XU_COMPUTE, 0, &seq));
    return seq;
}

// Schedules on core 0; waits for room while the queue is full.
static inline nrta_seq_t submit(nrt_model_t *model, struct io *io, NRT_STATUS *status) {
    double end = seconds() + DEADLINE_S;
    nrta_seq_t seq = 0;
    NRT_STATUS ret;
    while ((ret = nrta_execute_schedule(model, io->inputs, io->outputs, 0, status, &seq)) == NRT_QUEUE_FULL) {
        CHECK(seconds() < end);
        usleep(1);
    }
    OK(ret);
    return seq;
}
#endif

// A status that the library may write at any time.
static inline NRT_STATUS peek(const NRT_STATUS *status) {
    return (NRT_STATUS)__atomic_load_n((const int *)status, __ATOMIC_ACQUIRE);
}

static inline bool readable(int fd, int timeout_ms) {
    struct pollfd pfd = {fd, POLLIN, 0};
    return poll(&pfd, 1, timeout_ms) == 1 && (pfd.revents & POLLIN);
}

// Takes the count of an eventfd; 0 if there is none.
static inline uint64_t drain(int efd) {
    uint64_t count = 0;
    return read(efd, &count, sizeof count) == sizeof count ? count : 0;
}

#endif
