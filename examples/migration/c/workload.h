// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What before.c and after.c have in common: loading the model, a few slots of input and output
// tensors, and the results table. Nothing in here changes when a program migrates.
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nrt/nrt.h>
#include <nrt/nrt_experimental.h>

#define CORE 0         // the logical core everything runs on
#define SLOTS 3        // requests in flight: one runs, two wait behind it
#define TENSORS_MAX 32 // inputs and outputs of the model together
#define BATCHES_DEFAULT 16

// One set of device tensors: the inputs and the outputs of one request.
struct slot {
    nrt_tensor_set_t *inputs, *outputs;
    nrt_tensor_t *tensors[TENSORS_MAX];
};

struct workload {
    nrt_model_t *model;
    nrt_tensor_info_array_t *info; // names and sizes, from the model itself
    struct slot slots[SLOTS];
    uint8_t *bytes; // room for the largest tensor
};

#define die(...) (fprintf(stderr, __VA_ARGS__), fputc('\n', stderr), exit(1))

static inline const char *status_name(NRT_STATUS status) {
    switch ((int)status) {
    case 0: return "NRT_SUCCESS";
    case 1: return "NRT_FAILURE";
    case 2: return "NRT_INVALID";
    case 4: return "NRT_RESOURCE";
    case 5: return "NRT_TIMEOUT";
    case 7: return "NRT_QUEUE_FULL";
    case 10: return "NRT_UNSUPPORTED_NEFF_VERSION";
    case 101: return "NRT_EXEC_UNIT_UNRECOVERABLE";
    case 1003: return "NRT_EXEC_COMPLETED_WITH_NUM_ERR";
    case 1004: return "NRT_EXEC_COMPLETED_WITH_ERR";
    case 1201: return "NRT_EXEC_HW_ERR_HBM_UE";
    case 1202: return "NRT_EXEC_HW_ERR_NC_UE";
    case 1203: return "NRT_EXEC_HW_ERR_DMA_ABORT";
    default: return "see nrt_status.h";
    }
}

// For calls that are not expected to fail.
static inline void must(NRT_STATUS status, const char *what) {
    if (status != NRT_SUCCESS)
        die("%s: %s (%d)", what, status_name(status), (int)status);
}

static inline void *read_file(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file)
        die("cannot open %s: %s", path, strerror(errno));
    uint8_t *bytes = NULL;
    size_t room = 0, got;
    *size = 0;
    do {
        room += 1 << 20;
        bytes = realloc(bytes, room);
        if (!bytes)
            die("out of memory while reading %s", path);
        got = fread(bytes + *size, 1, room - *size, file);
        *size += got;
    } while (*size == room);
    if (ferror(file))
        die("cannot read %s: %s", path, strerror(errno));
    fclose(file);
    return bytes;
}

static inline void open_slot(struct workload *work, struct slot *slot) {
    must(nrt_allocate_tensor_set(&slot->inputs), "nrt_allocate_tensor_set");
    must(nrt_allocate_tensor_set(&slot->outputs), "nrt_allocate_tensor_set");
    for (uint64_t i = 0; i < work->info->tensor_count; i++) {
        const nrt_tensor_info_t *info = &work->info->tensor_array[i];
        bool is_input = info->usage == NRT_TENSOR_USAGE_INPUT;
        // Asynchronous requests take device tensors only.
        must(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, CORE, info->size, info->name, &slot->tensors[i]),
             "nrt_tensor_allocate");
        must(nrt_add_tensor_to_tensor_set(is_input ? slot->inputs : slot->outputs, info->name, slot->tensors[i]),
             "nrt_add_tensor_to_tensor_set");
    }
}

static inline void workload_open(struct workload *work, const char *neff_path) {
    size_t size, largest = 1;
    void *neff = read_file(neff_path, &size);
    must(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""), "nrt_init");
    NRT_STATUS status = nrt_load(neff, size, CORE, -1, &work->model);
    if (status != NRT_SUCCESS)
        die("nrt_load: %s (%d): is %s a NEFF, made for this device?", status_name(status), (int)status, neff_path);
    free(neff);

    must(nrt_get_model_tensor_info(work->model, &work->info), "nrt_get_model_tensor_info");
    if (work->info->tensor_count > TENSORS_MAX)
        die("%s has more than %d inputs and outputs", neff_path, TENSORS_MAX);
    for (uint64_t i = 0; i < work->info->tensor_count; i++)
        if (work->info->tensor_array[i].size > largest)
            largest = work->info->tensor_array[i].size;
    work->bytes = malloc(largest);
    if (!work->bytes)
        die("out of memory");
    for (int i = 0; i < SLOTS; i++)
        open_slot(work, &work->slots[i]);
}

static inline void workload_close(struct workload *work) {
    for (int i = 0; i < SLOTS; i++) {
        nrt_destroy_tensor_set(&work->slots[i].inputs);
        nrt_destroy_tensor_set(&work->slots[i].outputs);
        for (uint64_t t = 0; t < work->info->tensor_count; t++)
            nrt_tensor_free(&work->slots[i].tensors[t]);
    }
    free(work->bytes);
    nrt_free_model_tensor_info(work->info);
    nrt_unload(work->model);
    nrt_close();
}

// Fills the inputs with bytes that follow from the number of the batch.
static inline NRT_STATUS write_inputs(struct workload *work, struct slot *slot, unsigned batch) {
    for (uint64_t i = 0; i < work->info->tensor_count; i++) {
        const nrt_tensor_info_t *info = &work->info->tensor_array[i];
        if (info->usage != NRT_TENSOR_USAGE_INPUT)
            continue;
        for (size_t at = 0; at < info->size; at++)
            work->bytes[at] = (uint8_t)(batch * 31 + i * 17 + at);
        NRT_STATUS status = nrt_tensor_write(slot->tensors[i], work->bytes, 0, info->size);
        if (status != NRT_SUCCESS)
            return status;
    }
    return NRT_SUCCESS;
}

// Reads the outputs and adds a line to the results table: FNV-1a over all output bytes.
static inline NRT_STATUS print_outputs(struct workload *work, struct slot *slot, unsigned batch) {
    uint64_t sum = 0xcbf29ce484222325u;
    for (uint64_t i = 0; i < work->info->tensor_count; i++) {
        const nrt_tensor_info_t *info = &work->info->tensor_array[i];
        if (info->usage != NRT_TENSOR_USAGE_OUTPUT)
            continue;
        NRT_STATUS status = nrt_tensor_read(slot->tensors[i], work->bytes, 0, info->size);
        if (status != NRT_SUCCESS)
            return status;
        for (size_t at = 0; at < info->size; at++)
            sum = (sum ^ work->bytes[at]) * 0x100000001b3u;
    }
    printf("batch %4u  checksum %016llx\n", batch, (unsigned long long)sum);
    return NRT_SUCCESS;
}

// The BATCHES argument: a whole number from 1 on.
static inline unsigned parse_batches(const char *text) {
    char *end;
    long batches = strtol(text, &end, 10);
    if (*end != '\0' || batches < 1 || batches > 1000000)
        die("%s is not a number of batches (1 to 1000000)", text);
    return (unsigned)batches;
}

#endif
