/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Asynchronous requests: queue work on an execution unit, learn when it is over.
 *
 * This is the interface of SDK 2.29 and later. A program that defines NRT_SIM_API_2_28 before it
 * includes this file gets the one of SDK 2.28 instead: five kinds of units, an error tracker in place
 * of the status pointer, no `lnc_idx`, a completion handle in place of the event functions. The
 * library holds both under the same eight names, told apart by symbol version: NRT_2.0.0 is the form of
 * 2.28, NRT_3.0.0 the later one. In 2.28 mode this file therefore binds the eight names to NRT_2.0.0, by
 * an assembler directive in each file that includes it. NRT_SIM_API_2_28 is this project's; the
 * vendor's headers have one form per release.
 *
 * How requests behave:
 * - A core has units of three kinds, each with queues counted from 0: compute 1, collectives 3,
 *   tensor operations 2 [guide].
 * - Requests of one queue run one at a time, in order. Between queues there is no order and no
 *   protection: a program must wait for the one before it queues the other [guide].
 * - A call that queues returns at once; NRT_SUCCESS means queued. Otherwise nothing was queued:
 *   NRT_QUEUE_FULL if the compute queue holds 8 requests, the running one included
 *   (NEURON_RT_XU_COMPUTE_MAX_QUEUED_REQUESTS sets it, up to 63) [observed];
 *   NRT_EXEC_UNIT_UNRECOVERABLE if the unit is dead; NRT_INVALID for a missing pointer, a wrong
 *   queue or a host tensor; NRT_INVALID_HANDLE for a model that is not loaded [observed].
 * - When a request is over, its data is written, then its status, then the sequence moves, then
 *   events fire [observed]. A request that failed is over like any other.
 * - After a fatal error each request behind it ends with NRT_EXEC_UNIT_UNRECOVERABLE, in order;
 *   other units go on [observed].
 * - Any number of threads may queue on the same unit [observed].
 */
#ifndef NRT_ASYNC_H
#define NRT_ASYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nrt/nrt.h"
#include "nrt/nrt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Names a request: the unit in the upper 16 bits, its number in the lower 48. Numbers of a unit start at
 * 1 and rise by one, so ids of the same unit may be compared as they are [guide]. The upper bits are
 * logical core (8), queue (4), kind of unit (4) [observed]. */
typedef uint64_t nrta_seq_t;

/* The upper 16 bits of a nrta_seq_t. */
typedef uint16_t nrta_xu_id_t;

#define NRTA_SEQ_NUM_MAX ((1ull << 48) - 1)
#define NRTA_SEQ_NUM_MASK NRTA_SEQ_NUM_MAX
#define NRTA_SEQ_GET_SEQ_NUM(seq_id) ((seq_id) & NRTA_SEQ_NUM_MASK)
#define NRTA_SEQ_GET_XU_ID(seq_id) ((seq_id) >> 48)

#ifndef NRT_SIM_API_2_28

/* Kinds of execution units. */
typedef enum {
    NRTA_XU_TENSOR_OP = 0, /* reads, writes and copies of tensors */
    NRTA_XU_COMPUTE = 1, /* runs of models */
    NRTA_XU_COLLECTIVES = 2,
    NRTA_XU_TYPE_NUM = 3
} nrta_xu_t;

/* In the functions below, `lnc_idx` is the logical core whose unit works and `queue` a queue of it.
 * `exec_ret` is written when the request is over, never before, and must stay valid till then.
 * `req_sequence` is written before the call returns. */

/* Queues a copy of `size` bytes from `buf` to `tensor` at `offset`. Both must live, and `buf` stay as it
 * is, until it is over [header]. */
NRT_STATUS nrta_tensor_write(nrt_tensor_t *tensor, const void *buf, uint64_t offset, uint64_t size,
                             int lnc_idx, int queue, NRT_STATUS *exec_ret, nrta_seq_t *req_sequence);

/* Queues a copy of `size` bytes from `tensor` at `offset` to `buf`, with the same duties [header]. */
NRT_STATUS nrta_tensor_read(void *buf, nrt_tensor_t *tensor, uint64_t offset, uint64_t size, int lnc_idx,
                            int queue, NRT_STATUS *exec_ret, nrta_seq_t *req_sequence);

/* Queues a copy between two tensors, which must live until it is over [header]. NRT_INVALID unless both
 * lie in the same bank of device memory [observed]. */
NRT_STATUS nrta_tensor_copy(nrt_tensor_t *src, uint64_t src_offset, nrt_tensor_t *dst, uint64_t dst_offset,
                            uint64_t size, int lnc_idx, int queue, NRT_STATUS *exec_ret,
                            nrta_seq_t *req_sequence);

/* Queues a run of `model` on its core. `queue` must be 0 [header]. Both sets are read now: they may be
 * changed or destroyed afterwards [observed]. NRT_INVALID if a tensor that the model names is missing,
 * too small, or on another core [observed]. */
NRT_STATUS nrta_execute_schedule(nrt_model_t *model, const nrt_tensor_set_t *input,
                                 nrt_tensor_set_t *output, int queue, NRT_STATUS *exec_ret,
                                 nrta_seq_t *req_sequence);

/* Queues the collective that `*cc_ctx` holds, and takes it over: `*cc_ctx` becomes NULL [observed]. If it
 * is not queued, `*cc_ctx` stays for another attempt. NRT_INVALID_HANDLE for one that was queued, or whose
 * tensors were freed [chosen here]. `queue` must be 0 [header], though up to 2 is accepted [observed]. */
NRT_STATUS nrta_cc_schedule(nrt_cc_context_t **cc_ctx, int queue, NRT_STATUS *exec_ret,
                            nrta_seq_t *req_sequence);

/* Signals `fd`, an eventfd of the caller's, when `seq` is over: at once if it is already [client code].
 * A negative `fd` ends the registration. The caller closes `fd`. Since SDK 2.30. */
NRT_STATUS nrta_event_register_seq_id_completion(nrta_seq_t seq, int fd);

/* Signals `fd` each time a request of that queue ends; the counts add up until `fd` is read. May be
 * called before the first request; a negative `fd` ends it [client code]. Since SDK 2.30. */
NRT_STATUS nrta_event_register_xu_completion(int lnc, nrta_xu_t xu, int queue, int fd);

#else /* NRT_SIM_API_2_28 */

/* Kinds of execution units. */
typedef enum {
    NRTA_XU_TENSOR_READ = 0,
    NRTA_XU_TENSOR_WRITE = 1,
    NRTA_XU_TENSOR_OP = 2, /* copies from tensor to tensor */
    NRTA_XU_COMPUTE = 3,
    NRTA_XU_COLLECTIVES = 4,
    NRTA_XU_TYPE_NUM = 5
} nrta_xu_t;

/* Collects the requests of a core that failed. */
typedef struct nrta_error_tracker nrta_error_tracker_t;

/* A request that failed. */
typedef struct nrta_error {
    nrta_seq_t seq_id;
    uint64_t error_code; /* an NRT_STATUS */
} nrta_error_t;

__asm__(".symver nrta_tensor_write, nrta_tensor_write@NRT_2.0.0");
__asm__(".symver nrta_tensor_read, nrta_tensor_read@NRT_2.0.0");
__asm__(".symver nrta_tensor_copy, nrta_tensor_copy@NRT_2.0.0");
__asm__(".symver nrta_execute_schedule, nrta_execute_schedule@NRT_2.0.0");
__asm__(".symver nrta_cc_prepare, nrta_cc_prepare@NRT_2.0.0");
__asm__(".symver nrta_cc_schedule, nrta_cc_schedule@NRT_2.0.0");
__asm__(".symver nrta_is_completed, nrta_is_completed@NRT_2.0.0");
__asm__(".symver nrta_get_sequence, nrta_get_sequence@NRT_2.0.0");

/* The five calls that queue do what their later forms above do, on the tensors' own core; a failure goes
 * to `err`, which must live until the request is over. How many queues these units have is not known. */

NRT_STATUS nrta_tensor_write(nrt_tensor_t *tensor, const void *buf, uint64_t offset, uint64_t size,
                             int queue, nrta_error_tracker_t *err, nrta_seq_t *req_sequence);
NRT_STATUS nrta_tensor_read(void *buf, nrt_tensor_t *tensor, uint64_t offset, uint64_t size, int queue,
                            nrta_error_tracker_t *err, nrta_seq_t *req_sequence);
NRT_STATUS nrta_tensor_copy(nrt_tensor_t *src, uint64_t src_offset, nrt_tensor_t *dst, uint64_t dst_offset,
                            uint64_t size, int queue, nrta_error_tracker_t *err, nrta_seq_t *req_sequence);
NRT_STATUS nrta_execute_schedule(nrt_model_t *model, const nrt_tensor_set_t *input,
                                 nrt_tensor_set_t *output, int queue, nrta_error_tracker_t *err,
                                 nrta_seq_t *req_sequence);
NRT_STATUS nrta_cc_schedule(nrt_cc_context_t **cc_ctx, int queue, nrta_error_tracker_t *err,
                            nrta_seq_t *req_sequence);

/* A file descriptor that becomes readable when `seq` is over. The caller may only poll and close it
 * [header]. */
NRT_STATUS nrta_get_completion_handle(nrta_seq_t seq, int *fd);

/* Makes a tracker for requests of logical core `lnc_idx`. */
NRT_STATUS nrta_error_tracker_create(uint32_t lnc_idx, nrta_error_tracker_t **error_tracker);

/* Destroys a tracker that no queued request uses. */
void nrta_error_tracker_destroy(nrta_error_tracker_t *error_tracker);

/* The failures since the last call, as programs take it [client code]. The list belongs to the tracker. */
NRT_STATUS nrta_error_tracker_get_list(nrta_error_tracker_t *error_tracker, const nrta_error_t **list,
                                       size_t *error_count);

#endif /* NRT_SIM_API_2_28 */

/* Prepares a collective of the group `comm`. `op` matters where elements are combined. The tensors must
 * live until the collective is over [header]. Experimental, says the vendor [guide]. One tensor in and
 * one out; from SDK 2.31 all-gather may write, and reduce-scatter read, several [notes].
 *
 * Simulated for a group of one in a world of one, where each collective is a copy. Both tensors must be on
 * the bank of core `comm->vnc` and have the same size, a whole number of elements, else NRT_INVALID; so do
 * numbers that do not exist or contradict each other [chosen here]. More participants: NRT_FAILURE. */
NRT_STATUS nrta_cc_prepare(nrt_cc_comm_t *comm, nrt_tensor_list_t *input, nrt_tensor_list_t *output,
                           nrt_dtype_t dtype, nrt_op_type_t op, nrt_cc_op_type_t cc_op,
                           nrt_cc_context_t **cc_ctx);

/* Whether the request `seq` is over. NRT_INVALID if its upper bits name no unit [observed]. Does not
 * wait. */
NRT_STATUS nrta_is_completed(nrta_seq_t seq, bool *is_completed);

/* The id of the last request of that queue that is over; its number is 0 if there is none yet
 * [observed]. NRT_INVALID for a unit or queue that does not exist [chosen here]. Does not wait. */
NRT_STATUS nrta_get_sequence(uint32_t lnc_idx, nrta_xu_t xu_type, int queue, nrta_seq_t *seq);

#ifdef __cplusplus
}
#endif

#endif
