// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A plug-in that is fine, unless a macro makes it odd: tests/tests/kernels compiles it with each.

#include <nrt_sim/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef VERSION
#define VERSION NRT_SIM_KERNEL_ABI_VERSION
#endif
#ifndef SIZE
#define SIZE sizeof(nrt_sim_kernel_plugin_t)
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef RUN
#define RUN run
#endif
#ifndef DESTROY
#define DESTROY destroy
#endif
#ifndef NAME
#define NAME "odd"
#endif
#ifndef STATUS
#define STATUS 0
#endif
#ifndef ENTRY
#define ENTRY nrt_sim_kernel_plugin
#endif
#ifndef RESULT
#define RESULT &plugin
#endif

// What it was told of the model, and how often a kernel was destroyed; the tests look at them.
char told[4096];
int destroyed;

#define SAY(...) (void)(written += (size_t)snprintf(told + written, sizeof told - written, __VA_ARGS__))
#include <stdio.h>

#ifdef DATA
int number __asm__("nrt_sim_kernel_plugin") = 3;
#endif
#ifdef DECLARED
const nrt_sim_kernel_plugin_t *(*other_plugin)(void) = nrt_sim_kernel_plugin;
#endif
#ifdef LACKING
int not_anywhere(int status);
#undef STATUS
#define STATUS (uint32_t)not_anywhere(0)
#endif

static void tell(const nrt_sim_tensor_t *tensors, uint64_t count, size_t *at) {
    size_t written = *at;
    for (uint64_t i = 0; i < count; i++) {
        SAY(" %s %u %u %lu", tensors[i].name, tensors[i].dtype, tensors[i].ndim, (unsigned long)tensors[i].size);
        for (uint32_t j = 0; j < tensors[i].ndim; j++) {
            SAY(" %lu", (unsigned long)tensors[i].shape[j]);
        }
    }
    *at = written;
}

static uint32_t create(const nrt_sim_model_t *model, void **kernel, char *error, size_t error_size) {
    size_t written = 0;
    SAY("%d %s %d %d:", model->struct_size == sizeof *model, model->name, model->uuid[0], model->uuid[15]);
    tell(model->inputs, model->input_count, &written);
    SAY(" ->");
    tell(model->outputs, model->output_count, &written);
    for (uint64_t i = 0; i < model->option_count; i++) {
        SAY("; %s=%s", model->options[i].key, model->options[i].value);
    }
    SAY("; %.*s", (int)model->data_size, model->data == NULL ? "" : (const char *)model->data);
#ifdef REFUSE
    (void)kernel;
    strncpy(error, REFUSE, error_size);
    return 77;
#else
    (void)error, (void)error_size;
    *kernel = malloc(1);
    return 0;
#endif
}

static uint32_t run(void *kernel, const void *const *inputs, void *const *outputs, char *error,
                    size_t error_size) {
    (void)kernel;
    memcpy(outputs[0], inputs[0], 4);
#ifdef UNTERMINATED
    memset(error, 'x', error_size);
#elif defined MALFORMED
    (void)error_size;
    memcpy(error, "what \xff\xfe said\n", 13);
#else
    (void)error_size;
    strcpy(error, "the reason");
#endif
    return STATUS;
}

static void destroy(void *kernel) {
    free(kernel);
    destroyed++;
}

const nrt_sim_kernel_plugin_t *ENTRY(void) {
    static const nrt_sim_kernel_plugin_t plugin = {VERSION, SIZE, NAME, CREATE, RUN, DESTROY};
    (void)plugin, (void)create, (void)run, (void)destroy; // some macros leave one unused
    return RESULT;
}
