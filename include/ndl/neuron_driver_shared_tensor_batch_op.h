/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * One piece of a batched tensor transfer. nrt.h includes it.
 */
#ifndef NEURON_DRIVER_SHARED_TENSOR_BATCH_OP_H
#define NEURON_DRIVER_SHARED_TENSOR_BATCH_OP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint64_t nrt_tensor_batch_offset_t; /* bytes */
typedef uint64_t nrt_tensor_batch_size_t; /* bytes */

/* Moves `size` bytes between `buffer` and the tensor at `offset`; the call that takes it says which way. */
typedef struct nrt_tensor_batch_op {
    nrt_tensor_batch_offset_t offset;
    nrt_tensor_batch_size_t size;
    void *buffer;
} nrt_tensor_batch_op_t;

#ifdef __cplusplus
}
#endif

#endif
