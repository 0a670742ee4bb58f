/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * What the vendor calls experimental: questions about models, the older trace, the
 * implicit asynchronous mode, blocking collectives, custom code for the pool engine.
 */
#ifndef NRT_EXPERIMENTAL_H
#define NRT_EXPERIMENTAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nrt/nrt.h"
#include "nrt/nrt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Room for a tensor's name, with the NUL. */
#define NRT_TENSOR_NAME_MAX 256

/* Which side of a model a tensor is on. */
typedef enum nrt_tensor_usage {
    NRT_TENSOR_USAGE_INPUT = 0,
    NRT_TENSOR_USAGE_OUTPUT = 1
} nrt_tensor_usage_t;

/* A tensor that a model expects. */
typedef struct nrt_tensor_info {
    char name[NRT_TENSOR_NAME_MAX];
    nrt_tensor_usage_t usage;
    size_t size; /* bytes */
    nrt_dtype_t dtype; /* NRT_DTYPE_UNKNOWN for some outputs [client code] */
    uint32_t *shape; /* `ndim` lengths */
    uint32_t ndim;
} nrt_tensor_info_t;

/* All tensors of a model: inputs, then outputs, each by name [observed]. */
typedef struct nrt_tensor_info_array {
    uint64_t tensor_count;
    __extension__ nrt_tensor_info_t tensor_array[];
} nrt_tensor_info_array_t;

/* Facts about a loaded model. */
typedef struct nrt_model_info {
    uint32_t vnc; /* its first logical core */
} nrt_model_info_t;

/* Called when a run of the implicit asynchronous mode is over, on a thread of the runtime [observed]: its data is
 * there. `job_id` counts the runs of logical core `vnc` from 1 on. It may call the library, but for
 * nrt_close, which would wait for it [chosen here]. */
typedef void (*NRT_ASYNC_EXEC_STATUS_CALLBACK)(void *params, uint32_t model_id, uint32_t vnc, uint64_t job_id,
                                               NRT_STATUS status);

/* One part of an engine's program. */
typedef struct nrt_ucode_img {
    uint8_t *bin;
    size_t size; /* bytes */
} nrt_ucode_img;

/* A program for the pool engine: instructions and data. */
typedef struct nrt_ucode_info {
    nrt_ucode_img iram;
    nrt_ucode_img dram;
} nrt_ucode_info;

/* Lists the tensors of a model. NRT_INVALID_HANDLE if it is not loaded. Free with
 * nrt_free_model_tensor_info. */
NRT_STATUS nrt_get_model_tensor_info(nrt_model_t *model, nrt_tensor_info_array_t **tensor_info);

/* Frees such a list, shapes included. */
NRT_STATUS nrt_free_model_tensor_info(nrt_tensor_info_array_t *tensor_info);

/* How many copies of the model are loaded, 1 or more. */
NRT_STATUS nrt_get_model_instance_count(nrt_model_t *model, uint32_t *instance_count);

/* Facts about a model. `info_size_in` is the size the caller has room for; `info_size_out` becomes the
 * size written, which is never more [header]. */
NRT_STATUS nrt_get_model_info(const nrt_model_t *model, nrt_model_info_t *info, size_t info_size_in,
                              size_t *info_size_out);

/* Copies to device memory that is mapped into the process. Always NRT_SUCCESS, in any state [observed]. */
NRT_STATUS nrt_memcpy_to_device(void *dest, const void *src, size_t size);

/* Chooses the program of the pool engine. Only before nrt_init [header]. */
NRT_STATUS nrt_set_pool_eng_ucode(const nrt_ucode_info *ucode_info);

/* Starts the older trace, with memory events if `trace_mem`; nrt_trace_stop ends it and writes
 * `filename`. */
NRT_STATUS nrt_trace_start(bool trace_mem);
NRT_STATUS nrt_trace_stop(const char *filename);

/* The network plug-in of the collectives library, as a handle for dlsym [client code]. On failure NULL,
 * a number in `err`, and up to `err_msg_size` bytes of text in `err_msg`. */
void *nrt_get_libnccl_net(int *err, char *err_msg, size_t err_msg_size);

/* Waits until all `g_device_count` participants are here, and for what the core computes: it takes its turn
 * like a run, so a dead compute unit refuses it [observed]. Simulated for one participant. */
NRT_STATUS nrt_barrier(int32_t vnc, uint32_t g_device_id, uint32_t g_device_count);

/* Gathers `rank_input_size` bytes of host memory from each participant. `output` has room for all of
 * them, in order of `g_device_id`. Waits for the others; joins the communicator if need be [header].
 * `output` is cleared before `input` is read, so the two must not overlap [observed]. Simulated for one
 * participant. */
NRT_STATUS nrt_all_gather(int32_t vnc, uint32_t g_device_id, uint32_t g_device_count,
                          uint32_t rank_input_size, void *input, void *output);

/* The implicit asynchronous mode (NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS) is gone since SDK 2.31 or
 * 2.32 [notes]; nrt_async.h replaces it. */

/* Sets the function that hears of each run of that mode; a later call replaces it [header], and NULL has runs that
 * end badly logged instead [chosen here]. Without the mode nothing calls it. */
NRT_STATUS nrt_register_async_exec_callback(NRT_ASYNC_EXEC_STATUS_CALLBACK callback, void *params);

/* Waits until a logical core has no run of that mode left [header] and their callbacks have returned
 * [chosen here]. Called from a callback, it waits for no callback. */
NRT_STATUS nrt_async_drain_queued_execs(int32_t vnc_idx);

#ifdef __cplusplus
}
#endif

#endif
