/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * The core of the runtime: life of the runtime, topology, models, tensors,
 * tensor sets, synchronous execution, collectives set-up, memory reports.
 *
 * Written for the simulated runtime from facts about the vendor's interface: the names,
 * numbers, layouts and prototypes are the vendor's, the words are ours. These headers add
 * nothing to that interface but the switch NRT_SIM_API_2_28 (see nrt_async.h). The sources
 * in brackets are explained in nrt_status.h.
 *
 * Three rules hold for all functions unless their comment says otherwise:
 * - Before nrt_init they answer NRT_UNINITIALIZED, after nrt_close NRT_CLOSED [guide]
 *   (the library is back at NRT_UNINITIALIZED once nrt_close is over [observed]), and in a
 *   forked child NRT_FAILURE [observed].
 * - A missing pointer or a number out of range is answered with NRT_INVALID, and outputs
 *   are written on NRT_SUCCESS only ([observed] for nrta_*, else [chosen here]).
 * - Several threads of a process may call at once, for one core or for several
 *   [client code]; an object must not be freed while another thread passes it to a call.
 *
 * `vnc` and `lnc` both mean a logical core. Within a process these count from 0, whatever
 * NEURON_RT_VISIBLE_CORES selects [guide].
 */
#ifndef NRT_H
#define NRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ndl/neuron_driver_shared.h"
#include "ndl/neuron_driver_shared_tensor_batch_op.h"
#include "nrt/nrt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version of the interface, not of the library [header]. */
#define NRT_MAJOR_VERSION 2
#define NRT_MINOR_VERSION 0

/* A loaded model: from nrt_load to nrt_unload. */
typedef struct nrt_model nrt_model_t;

/* A tensor: from nrt_tensor_allocate and its kin to nrt_tensor_free. */
typedef struct nrt_tensor nrt_tensor_t;

/* Tensors by name: from nrt_allocate_tensor_set to nrt_destroy_tensor_set. */
typedef void nrt_tensor_set_t;

/* A prepared collective: from nrta_cc_prepare, consumed by nrta_cc_schedule. */
typedef struct nrt_cc_context nrt_cc_context_t;

/* Where the bytes of a tensor are. */
typedef enum {
    NRT_TENSOR_PLACEMENT_DEVICE = 0, /* memory of the logical core */
    NRT_TENSOR_PLACEMENT_HOST = 1, /* host memory the device can reach; deprecated, 4 MB at most [guide] */
    NRT_TENSOR_PLACEMENT_VIRTUAL = 2 /* plain host memory; not supported since SDK 2.30 [notes] */
} nrt_tensor_placement_t;

/* The framework that calls; only recorded for tools [guide]. */
typedef enum {
    NRT_FRAMEWORK_TYPE_INVALID = 0,
    NRT_FRAMEWORK_TYPE_NO_FW = 1,
    NRT_FRAMEWORK_TYPE_TENSORFLOW = 2,
    NRT_FRAMEWORK_TYPE_PYTORCH = 3,
    NRT_FRAMEWORK_TYPE_MXNET = 4,
    NRT_FRAMEWORK_TYPE_PRECHECK = 5
} nrt_framework_type_t;

/* Values of nrt_instance_info_t.family. */
enum {
    NRT_INSTANCE_UNKNOWN = 0,
    NRT_INSTANCE_INF1 = 1,
    NRT_INSTANCE_TRN1 = 2,
    NRT_INSTANCE_TRN1N = 3,
    NRT_INSTANCE_INF2 = 4,
    NRT_INSTANCE_TRN2 = 5,
    NRT_INSTANCE_TRN2N = 6,
    NRT_INSTANCE_INF2E = 7,
    NRT_INSTANCE_TRN2P = 8,
    NRT_INSTANCE_TRN2U = 9,
    NRT_INSTANCE_TRN2E = 10,
    NRT_INSTANCE_TRN2EU = 11,
    NRT_INSTANCE_TRN2AC = 12,
    NRT_INSTANCE_TRN2UAC = 13,
    NRT_INSTANCE_TRN3 = 14,
    NRT_INSTANCE_TRN3PDS98 = 15,
    NRT_INSTANCE_TRN2EN = 16, /* since SDK 2.32 */
    NRT_INSTANCE_TRN3E = 17 /* since SDK 2.32 */
};

/* Values of nrt_instance_info_t.size. */
enum {
    NRT_INSTANCE_SIZE_1XL = 0,
    NRT_INSTANCE_SIZE_2XL = 1,
    NRT_INSTANCE_SIZE_4XL = 2,
    NRT_INSTANCE_SIZE_6XL = 3,
    NRT_INSTANCE_SIZE_8XL = 4,
    NRT_INSTANCE_SIZE_24XL = 5,
    NRT_INSTANCE_SIZE_32XL = 6,
    NRT_INSTANCE_SIZE_48XL = 7,
    NRT_INSTANCE_SIZE_3XL = 8,
    NRT_INSTANCE_SIZE_UNKNOWN = 9,
    NRT_INSTANCE_SIZE_NUM = NRT_INSTANCE_SIZE_UNKNOWN
};

/* How a collective combines elements. */
typedef enum nrt_op_type {
    NRT_OP_ADD = 0,
    NRT_OP_FMA = 1,
    NRT_OP_MAX = 2,
    NRT_OP_MIN = 3,
    NRT_OP_INVALID = 15
} nrt_op_type_t;

/* Type of an element. Headers up to SDK 2.27 had other numbers. */
typedef enum nrt_dtype {
    NRT_DTYPE_UNKNOWN = 0,
    NRT_DTYPE_INVALID = 0,
    NRT_DTYPE_UINT64 = 1,
    NRT_DTYPE_INT8 = 2,
    NRT_DTYPE_UINT8 = 3,
    NRT_DTYPE_INT16 = 4,
    NRT_DTYPE_UINT16 = 5,
    NRT_DTYPE_BFLOAT16 = 6,
    NRT_DTYPE_FLOAT16 = 7,
    NRT_DTYPE_INT32 = 8,
    NRT_DTYPE_UINT32 = 9,
    NRT_DTYPE_FLOAT32 = 10,
    NRT_DTYPE_FP32R = 11,
    NRT_DTYPE_INT64 = 12,
    NRT_DTYPE_FP8_E3 = 13,
    NRT_DTYPE_FP8_E4 = 14,
    NRT_DTYPE_FP8_E5 = 15
} nrt_dtype_t;

/* Which collective. */
typedef enum nrt_cc_op_type {
    NRT_CC_ALLGATHER = 0,
    NRT_CC_ALLREDUCE = 1,
    NRT_CC_REDUCESCATTER = 2
} nrt_cc_op_type_t;

/* Pages behind nrt_pinned_malloc. */
typedef enum {
    NRT_PINNED_MALLOC = 0,
    NRT_PINNED_HUGEPAGE_2M = 1,
    NRT_PINNED_HUGEPAGE_1G = 2
} nrt_pinned_alloc_type_t;

/* The instance the process runs on. Up to SDK 2.27 it ended after `size`. */
typedef struct nrt_instance_info {
    uint32_t family; /* NRT_INSTANCE_... */
    uint32_t size; /* NRT_INSTANCE_SIZE_... */
    char arch_name[16];
    char device_revision[8];
} nrt_instance_info_t;

/* Transfers of one tensor, for nrt_tensor_read_batch and nrt_tensor_write_batch. */
typedef struct nrt_tensor_batch {
    const nrt_tensor_t *tensor;
    const nrt_tensor_batch_op_t *ops;
    uint32_t num_ops;
} nrt_tensor_batch_t;

/* Where a device tensor lies. */
typedef struct nrt_tensor_device_allocation_info {
    uint64_t physical_address;
    size_t size; /* bytes reserved, which may be more than asked for [header] */
    int hbm_index; /* memory bank of the device */
} nrt_tensor_device_allocation_info_t;

/* Device memory of one logical core, in bytes. */
typedef struct nrt_vnc_memory_stats {
    size_t bytes_used;
    size_t bytes_limit; /* the whole; programs report it as the core's memory [client code] */
} nrt_vnc_memory_stats_t;

/* Who takes part in a collective, for nrta_cc_prepare. */
typedef struct nrt_cc_comm {
    uint32_t *replica_group; /* `rank_n` global ids; the position is the rank */
    uint32_t rank; /* this participant's rank in the group */
    uint32_t rank_n;
    uint32_t ctx_device_id; /* this participant among all */
    uint32_t ctx_device_count; /* all participants */
    uint32_t vnc; /* the logical core that works */
} nrt_cc_comm_t;

/* Inputs or outputs of a collective. */
typedef struct nrt_tensor_list {
    nrt_tensor_t **tensors;
    size_t num_tensors;
} nrt_tensor_list_t;

/* Parameter of the coalesced collectives of SDK 2.31 or 2.32. Their prototypes are not known, so no
 * function here takes it. */
typedef struct nrt_cc_param {
    uint32_t num_ops;
} nrt_cc_param_t;

/* ---- Life of the runtime ---- */

/* Starts the runtime and takes the cores that the environment asks for. The texts may be empty or NULL
 * [client code]. NRT_SUCCESS without effect if it runs already [observed]. NRT_INVALID if there is no
 * device or a variable is wrong, NRT_FAILURE if the cores are taken or too few [observed]. */
NRT_STATUS nrt_init(nrt_framework_type_t framework, const char *fw_version, const char *fal_version);

/* Finishes queued work, unloads all models and releases the cores; nrt_init may follow [client code].
 * Does nothing if the runtime is not running [observed]. */
void nrt_close(void);

/* ---- Topology ---- */

/* Describes the instance, in at most `instance_info_len` bytes. Works before nrt_init [observed]. */
NRT_STATUS nrt_get_instance_info(nrt_instance_info_t *info, size_t instance_info_len);

/* Number of logical cores of the instance. Works before nrt_init [header]; both names do the same
 * [observed]. An error if the environment holds wrong settings [observed]. */
NRT_STATUS nrt_get_total_nc_count(uint32_t *nc_count);
NRT_STATUS nrt_get_total_vnc_count(uint32_t *nc_count);

/* Number of logical cores this process may use. Works before nrt_init [header], then by what
 * NEURON_RT_VISIBLE_CORES or NEURON_RT_NUM_CORES asks for; both names do the same [observed]. */
NRT_STATUS nrt_get_visible_nc_count(uint32_t *nc_count);
NRT_STATUS nrt_get_visible_vnc_count(uint32_t *nc_count);

/* The number that the host uses for device `neuron_dev` of this process. */
NRT_STATUS nrt_host_device_id_get(int neuron_dev, uint32_t *host_device_id);

/* The routing id of each device of the host. `count` holds the places of the map, then those used. */
NRT_STATUS nrt_host_device_id_rid_map_get(uint32_t *count, uint32_t *host_did_to_rid_map);

/* The device that logical core `lnc_idx` belongs to. Since SDK 2.31 or 2.32. */
NRT_STATUS nrt_get_device_id(int lnc_idx, int *device_id);

/* Writes the PCI address of the network adapter attached to the device whose memory `va` points to.
 * `len` is the room in `efa_bdf` with the NUL, and becomes the length without it; NRT_RESOURCE if the
 * room is short [header]. */
NRT_STATUS nrt_get_attached_efa_bdf(const void *va, char *efa_bdf, size_t *len);

/* ---- Models ---- */

/* Loads a NEFF of `size` bytes onto logical core `vnc`, or onto a core of the runtime's choice if -1.
 * `vnc_count` is deprecated: pass -1 [header]; 1 is taken too [client code]. NRT_INVALID for a damaged
 * file, one for other hardware, or a core out of sight; NRT_UNSUPPORTED_NEFF_VERSION for one from a
 * later compiler; NRT_LOAD_NOT_ENOUGH_NC if no core is free; NRT_RESOURCE if device memory runs out
 * [observed]. */
NRT_STATUS nrt_load(const void *neff_bytes, size_t size, int32_t vnc, int32_t vnc_count,
                    nrt_model_t **model);

/* nrt_load for a model with collectives, as participant `ctx_device_id` of `ctx_device_count`. Needs
 * NEURON_RT_ROOT_COMM_ID; makes the global communicator if there is none [header]. */
NRT_STATUS nrt_load_collectives(const void *neff_bytes, size_t size, int32_t vnc, int32_t vnc_count,
                                uint32_t ctx_device_id, uint32_t ctx_device_count, nrt_model_t **model);

/* Unloads a model after its last run has ended, however long that takes. NRT_INVALID_HANDLE for a model
 * that is not loaded [observed]. Its tensors live on [client code]. */
NRT_STATUS nrt_unload(nrt_model_t *model);

/* Number of logical cores the model uses. The first name is the deprecated one [header]. */
NRT_STATUS nrt_get_model_nc_count(const nrt_model_t *model, uint32_t *vnc_count);
NRT_STATUS nrt_get_model_vnc_count(const nrt_model_t *model, uint32_t *vnc_count);

/* ---- Tensors: untyped bytes. Offsets and sizes are in bytes ---- */

/* Makes a tensor of `size` bytes for logical core `vnc` (-1 for host placement [header]). `name` is for
 * logs only and may be NULL [client code]. NRT_INVALID for a core out of sight, NRT_RESOURCE if device
 * memory runs out [guide], NRT_FAIL_HOST_MEM_ALLOC if host memory does [observed]. */
NRT_STATUS nrt_tensor_allocate(nrt_tensor_placement_t tensor_placement, int vnc, size_t size,
                               const char *name, nrt_tensor_t **tensor);

/* Makes a tensor without bytes, for nrt_tensor_attach_buffer. */
NRT_STATUS nrt_tensor_allocate_empty(const char *name, nrt_tensor_t **tensor);

/* Makes a view of `size` bytes of `tensor_source` from `offset`. The bytes stay until the last view of
 * them is freed, in any order [guide]. */
NRT_STATUS nrt_tensor_allocate_slice(const nrt_tensor_t *tensor_source, size_t offset, size_t size,
                                     const char *name, nrt_tensor_t **tensor_slice);

/* Lets `tensor` stand for the caller's `buffer`, as a host tensor. The caller keeps and frees the
 * buffer; bytes that the tensor owned before are freed [guide]. */
NRT_STATUS nrt_tensor_attach_buffer(nrt_tensor_t *tensor, void *buffer, size_t size);

/* Frees `*tensor` and sets it to NULL [guide]. A run that is queued keeps what it uses [observed]; a
 * queued nrta_tensor_* or nrta_cc_* does not, so wait for these first [header]. May be called late, even
 * while the process exits [client code]. */
void nrt_tensor_free(nrt_tensor_t **tensor);

/* Copies between a tensor and host memory, and returns when done. Does not wait for queued requests on
 * the same tensor [guide]. A range that leaves the tensor makes the vendor's library abort [observed];
 * here it is NRT_INVALID [chosen here]. */
NRT_STATUS nrt_tensor_read(const nrt_tensor_t *tensor, void *buf, size_t offset, size_t size);
NRT_STATUS nrt_tensor_write(nrt_tensor_t *tensor, const void *buf, size_t offset, size_t size);

/* Many reads or writes in one call. `unsafe` skips the wait for runs of the old implicit asynchronous
 * mode [observed]. SDK 2.32 dropped it from the prototype. The ABI is the same either way: the last
 * argument is in a register, which the other side ignores or leaves undefined. */
NRT_STATUS nrt_tensor_read_batch(const nrt_tensor_batch_t *batches, uint64_t num_batches, bool unsafe);
NRT_STATUS nrt_tensor_write_batch(const nrt_tensor_batch_t *batches, uint64_t num_batches, bool unsafe);

/* Copies `size` bytes from tensor to tensor, and returns when done. NRT_INVALID if both lie in different
 * banks of device memory [guide]. */
NRT_STATUS nrt_tensor_copy(const nrt_tensor_t *src, size_t src_offset, nrt_tensor_t *dst, size_t dst_offset,
                           size_t size);

/* Sets `size` bytes from `offset` to the low byte of `value`, and returns when done. */
NRT_STATUS nrt_tensor_memset(nrt_tensor_t *tensor, uint64_t offset, int value, size_t size);

/* Address of the first byte in this process, for host and device tensors; NULL on failure and before
 * nrt_init [observed]. Programs read and write through it [client code]. */
void *nrt_tensor_get_va(const nrt_tensor_t *tensor);

/* Bytes of the tensor, or of the view. Works whatever state the runtime is in [observed]. */
size_t nrt_tensor_get_size(const nrt_tensor_t *tensor);

/* Where a device tensor lies; NRT_INVALID for another [observed]. */
NRT_STATUS nrt_tensor_get_device_allocation_info(const nrt_tensor_t *tensor,
                                                 nrt_tensor_device_allocation_info_t *alloc_info);

/* The logical core of a tensor, -1 for a host tensor [client code]. Since SDK 2.30 or 2.31. */
NRT_STATUS nrt_tensor_get_lnc_index(const nrt_tensor_t *tensor, int *lnc_idx);

/* Waits until `output_tensor` has been written by `expected_completion_count` runs since its counter was
 * reset, `timeout` microseconds at most, without limit if negative. NRT_TIMEOUT if it was not [header].
 * The counter may move before the whole run is over [observed]. Works whatever state the runtime is in
 * [observed]. */
NRT_STATUS nrt_tensor_check_output_completion(const nrt_tensor_t *output_tensor, int64_t timeout,
                                              uint64_t expected_completion_count);

/* Sets that counter to 0. Slicing and attaching a buffer give a fresh counter too [header]. */
NRT_STATUS nrt_tensor_reset_output_completion(nrt_tensor_t *output_tensor);

/* ---- Tensor sets ---- */

/* Makes an empty set. */
NRT_STATUS nrt_allocate_tensor_set(nrt_tensor_set_t **result);

/* Destroys the set and sets `*tensor_set` to NULL; the tensors live on [guide]. Queued runs are not
 * affected [observed]. */
void nrt_destroy_tensor_set(nrt_tensor_set_t **tensor_set);

/* Enters `tensor` as `tensor_name`, in place of what had that name [guide]. The set keeps only a
 * pointer: the tensor must live while the set is used [header]. */
NRT_STATUS nrt_add_tensor_to_tensor_set(nrt_tensor_set_t *tensor_set, const char *tensor_name,
                                        nrt_tensor_t *tensor);

/* The tensor called `tensor_name`; NRT_FAILURE if there is none [observed]. */
NRT_STATUS nrt_get_tensor_from_tensor_set(nrt_tensor_set_t *tensor_set, const char *tensor_name,
                                          nrt_tensor_t **tensor);

/* ---- Execution ---- */

/* Runs a model and returns when it is over. Each tensor that the model names must be in its set and at
 * least as large as the model says, else NRT_INVALID. Takes its turn in the compute queue of the core,
 * behind what nrta_execute_schedule queued there; NRT_TIMEOUT if the queue stays full or the run takes
 * longer than NEURON_RT_EXEC_TIMEOUT seconds; otherwise what the run ended with, 100x and 120x among it
 * [observed]. */
NRT_STATUS nrt_execute(nrt_model_t *model, const nrt_tensor_set_t *input, nrt_tensor_set_t *output);

/* nrt_execute `repeat_count` times in a row [guide]. Recent libraries refuse more than once [observed]. */
NRT_STATUS nrt_execute_repeat(nrt_model_t *model, const nrt_tensor_set_t *input, nrt_tensor_set_t *output,
                              int repeat_count);

/* ---- Collectives: set-up ---- */

/* Joins the communicator of `g_device_count` participants as number `g_device_id`; waits for the others.
 * Needs NEURON_RT_ROOT_COMM_ID [guide]. NRT_INVALID for a core or a number that does not exist; a single
 * participant, the only kind that is simulated, needs no variable [chosen here]. */
NRT_STATUS nrt_build_global_comm(int32_t vnc, uint32_t g_device_id, uint32_t g_device_count);

/* The same for the collectives of nrta_cc_prepare, which have a communicator of their own. Where this was
 * not called, nrta_cc_prepare does it [observed]. */
NRT_STATUS nrt_cc_global_comm_init(uint32_t vnc, uint32_t g_device_id, uint32_t g_device_count);

/* Makes the stream `stream_id` for collectives. Since SDK 2.29 [notes]. */
NRT_STATUS nrt_cc_create_stream(uint32_t stream_id);

/* ---- Memory seen from outside ---- */

/* The whole of one memory bank of a device, mapped into this process. Needs NEURON_RT_MAP_HBM=1
 * [observed]; NRT_INVALID_HANDLE past the last bank, NRT_INVALID if mapping is not supported [header]. */
NRT_STATUS nrt_get_hbm_mmap_va(int device_id, int hbm_idx, void **addr, size_t *size);

/* A file descriptor for device memory, to share it with another driver; the caller closes it.
 * NRT_INVALID if sharing is off [observed]. */
NRT_STATUS nrt_get_dmabuf_fd(uint64_t va, uint64_t size, int *fd);

/* The same, with the place of `va` within the buffer that `fd` stands for. Where it exists, libfabric
 * uses nothing else [client code]. Since SDK 2.30 to 2.32. */
NRT_STATUS nrt_get_dmabuf_fd_v2(uint64_t va, uint64_t size, int *fd, uint64_t *offset);

/* Host memory that stays in place, for fast transfers; NULL on failure. Since SDK 2.30 to 2.32. */
void *nrt_pinned_malloc(size_t size, nrt_pinned_alloc_type_t type);

/* Frees what nrt_pinned_malloc gave. */
void nrt_pinned_free(void *ptr);

/* Memory use of a logical core. `stats_size_in` is the size the caller has room for; `stats_size_out`
 * becomes the size written, which is never more [header]. Since SDK 2.25. */
NRT_STATUS nrt_get_vnc_memory_stats(uint32_t vnc, nrt_vnc_memory_stats_t *stats, size_t stats_size_in,
                                    size_t *stats_size_out);

/* Prints the table of memory use, as after running out of memory, to the log. Since SDK 2.31 [notes]. */
NRT_STATUS nrt_debug_log_oom_report(int lnc_idx);

/* Lists the allocations of a logical core. `num_entries` holds the places of `data`, then the number of
 * allocations. Since SDK 2.31 [notes]. */
NRT_STATUS nrt_dump_device_allocation_info(int lnc_idx, struct neuron_ioctl_mem_chunk_info *data,
                                           uint32_t *num_entries);

#ifdef __cplusplus
}
#endif

#endif
