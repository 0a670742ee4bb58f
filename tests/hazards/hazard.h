// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the programs of this folder share: a model with inputs x and y and an output out, and calls that must succeed.
//
// Each program plants one mistake. Compiled with -DFIXED it is right, and the checker finds nothing. Its first lines say
//     // finds: KIND FIRST -> SECOND      the kind, and the calls of both sides (- for none)
//     // with: NAME=VALUE ...             settings of the runtime, if it needs any
// and what stands between the lines `// [` and `// ]` is the example in docs/hazards.md.
#ifndef HAZARD_H
#define HAZARD_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <nrt/nrt.h>
#include <nrt/nrt_async.h>
#include <nrt/nrt_experimental.h>

#define SIZE 64 // bytes of each tensor of the model

static inline NRT_STATUS ok_at(const char *file, int line, const char *call, NRT_STATUS status) {
    if (status != NRT_SUCCESS) {
        fprintf(stderr, "%s:%d: %s returned %d\n", file, line, call, (int)status);
        exit(1);
    }
    return status;
}
// The call must succeed.
#define OK(call) ok_at(__FILE__, __LINE__, #call, call)

// Two sets of tensors for the model, and one tensor of no model.
struct scene {
    nrt_model_t *model;
    nrt_tensor_t *x[2], *y[2], *out[2], *other;
    nrt_tensor_set_t *inputs[2], *outputs[2];
};

static inline nrt_tensor_t *tensor(const char *name, size_t size) {
    nrt_tensor_t *made = NULL;
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, size, name, &made));
    return made;
}

static inline struct scene open_scene(int argc, char **argv) {
    struct scene s = {0};
    FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    static char neff[1 << 16];
    if (!file) {
        fprintf(stderr, "usage: %s MODEL.neff\n", argv[0]);
        exit(2);
    }
    size_t size = fread(neff, 1, sizeof neff, file);
    fclose(file);
    alarm(60);
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    OK(nrt_load(neff, size, 0, 1, &s.model));
    for (int i = 0; i < 2; i++) {
        OK(nrt_allocate_tensor_set(&s.inputs[i]));
        OK(nrt_allocate_tensor_set(&s.outputs[i]));
        s.x[i] = tensor("x", SIZE), s.y[i] = tensor("y", SIZE), s.out[i] = tensor("out", SIZE);
        OK(nrt_add_tensor_to_tensor_set(s.inputs[i], "x", s.x[i]));
        OK(nrt_add_tensor_to_tensor_set(s.inputs[i], "y", s.y[i]));
        OK(nrt_add_tensor_to_tensor_set(s.outputs[i], "out", s.out[i]));
    }
    s.other = tensor("other", 1 << 16);
    return s;
}

static inline int close_scene(struct scene *s) {
    for (int i = 0; i < 2; i++) {
        nrt_destroy_tensor_set(&s->inputs[i]);
        nrt_destroy_tensor_set(&s->outputs[i]);
        nrt_tensor_free(&s->x[i]);
        nrt_tensor_free(&s->y[i]);
        nrt_tensor_free(&s->out[i]);
    }
    nrt_tensor_free(&s->other);
    if (s->model)
        OK(nrt_unload(s->model));
    nrt_close();
    puts("ok");
    return 0;
}

// Schedules a run with set `i`.
static inline nrta_seq_t run(struct scene *s, int i, NRT_STATUS *status) {
    nrta_seq_t seq = 0;
    OK(nrta_execute_schedule(s->model, s->inputs[i], s->outputs[i], 0, status, &seq));
    return seq;
}

// Waits until `seq` is completed.
static inline void wait_for(nrta_seq_t seq) {
    bool done = false;
    while (OK(nrta_is_completed(seq, &done)) == NRT_SUCCESS && !done)
        usleep(1);
}

#endif
