/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * A plug-in kernel in C: the product of two matrices, times the option `factor`.
 *
 *     cc -std=c11 -O2 -shared -fPIC -Iinclude examples/kernels/c/scaled_matmul.c -o libscaled_matmul.so
 *
 * builds it at the top of the repository (GCC 12 or Clang 15 and later, for _Float16), and
 *
 *     kernel = { use = "plugin", library = "libscaled_matmul.so", options = { factor = "0.5" } }
 *
 * in a bindings file beside the library gives it to a model with two inputs, [M,K] and [K,N], and one
 * output, [M,N], all float16 or all float32. Sums are float32.
 */
#include <nrt/nrt.h>
#include <nrt/nrt_status.h>
#include <nrt_sim/kernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t m, k, n;
    uint32_t dtype;
    float factor;
} matmul_t;

static float element(const void *tensor, uint64_t at, uint32_t dtype) {
    return dtype == NRT_DTYPE_FLOAT16 ? (float)((const _Float16 *)tensor)[at] : ((const float *)tensor)[at];
}

static uint32_t create(const nrt_sim_model_t *model, void **kernel, char *error, size_t error_size) {
    if (model->struct_size < sizeof(nrt_sim_model_t) || model->input_count != 2 || model->output_count != 1) {
        snprintf(error, error_size, "%s has other than two inputs and one output", model->name);
        return NRT_INVALID;
    }
    const nrt_sim_tensor_t *x = &model->inputs[0], *y = &model->inputs[1], *z = &model->outputs[0];
    if (x->ndim != 2 || y->ndim != 2 || z->ndim != 2 || x->shape[1] != y->shape[0] ||
        z->shape[0] != x->shape[0] || z->shape[1] != y->shape[1]) {
        snprintf(error, error_size, "%s, %s and %s are not [M,K], [K,N] and [M,N]", x->name, y->name, z->name);
        return NRT_INVALID;
    }
    if ((x->dtype != NRT_DTYPE_FLOAT16 && x->dtype != NRT_DTYPE_FLOAT32) || y->dtype != x->dtype ||
        z->dtype != x->dtype) {
        snprintf(error, error_size, "%s, %s and %s are not all float16 or all float32", x->name, y->name, z->name);
        return NRT_INVALID;
    }
    float factor = 1;
    for (uint64_t i = 0; i < model->option_count; i++) {
        const nrt_sim_option_t *option = &model->options[i];
        char *end;
        factor = strtof(option->value, &end);
        if (strcmp(option->key, "factor") != 0 || end == option->value || *end != '\0') {
            snprintf(error, error_size, "%s = \"%s\" is no option; there is factor, a number", option->key,
                     option->value);
            return NRT_INVALID;
        }
    }
    matmul_t *matmul = malloc(sizeof *matmul);
    if (matmul == NULL) {
        return NRT_FAIL_HOST_MEM_ALLOC;
    }
    *matmul = (matmul_t){x->shape[0], x->shape[1], y->shape[1], x->dtype, factor};
    *kernel = matmul;
    return NRT_SUCCESS;
}

static uint32_t run(void *kernel, const void *const *inputs, void *const *outputs, char *error,
                    size_t error_size) {
    const matmul_t *matmul = kernel;
    (void)error, (void)error_size;
    for (uint64_t row = 0; row < matmul->m; row++) {
        for (uint64_t column = 0; column < matmul->n; column++) {
            float sum = 0;
            for (uint64_t i = 0; i < matmul->k; i++) {
                sum += element(inputs[0], row * matmul->k + i, matmul->dtype) *
                       element(inputs[1], i * matmul->n + column, matmul->dtype);
            }
            uint64_t at = row * matmul->n + column;
            if (matmul->dtype == NRT_DTYPE_FLOAT16) {
                ((_Float16 *)outputs[0])[at] = (_Float16)(sum * matmul->factor);
            } else {
                ((float *)outputs[0])[at] = sum * matmul->factor;
            }
        }
    }
    return NRT_SUCCESS;
}

const nrt_sim_kernel_plugin_t *nrt_sim_kernel_plugin(void) {
    static const nrt_sim_kernel_plugin_t plugin = {
        NRT_SIM_KERNEL_ABI_VERSION, sizeof(nrt_sim_kernel_plugin_t), "scaled_matmul", create, run, free,
    };
    return &plugin;
}
