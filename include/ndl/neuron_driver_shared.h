/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * The one record of the driver's interface that a runtime function hands out:
 * a piece of device memory, for nrt_dump_device_allocation_info. Nothing else
 * of the driver's interface is here.
 */
#ifndef NEURON_DRIVER_SHARED_H
#define NEURON_DRIVER_SHARED_H

#include <linux/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a piece of memory is used for. */
typedef enum {
    NEURON_MEMALLOC_TYPE_UNKNOWN_HOST = 0,
    NEURON_MEMALLOC_TYPE_CODE_HOST = 1,
    NEURON_MEMALLOC_TYPE_TENSORS_HOST = 2,
    NEURON_MEMALLOC_TYPE_CONSTANTS_HOST = 3,
    NEURON_MEMALLOC_TYPE_MISC_HOST = 4,
    NEURON_MEMALLOC_TYPE_NCDEV_HOST = 5,
    NEURON_MEMALLOC_TYPE_NOTIFICATION_HOST = 6,
    NEURON_MEMALLOC_TYPE_UNKNOWN_DEVICE = 7,
    NEURON_MEMALLOC_TYPE_CODE_DEVICE = 8,
    NEURON_MEMALLOC_TYPE_TENSORS_DEVICE = 9,
    NEURON_MEMALLOC_TYPE_CONSTANTS_DEVICE = 10,
    NEURON_MEMALLOC_TYPE_SCRATCHPAD_DEVICE = 11,
    NEURON_MEMALLOC_TYPE_MISC_DEVICE = 12,
    NEURON_MEMALLOC_TYPE_NCDEV_DEVICE = 13,
    NEURON_MEMALLOC_TYPE_COLLECTIVES_DEVICE = 14,
    NEURON_MEMALLOC_TYPE_SCRATCHPAD_NONSHARED_DEVICE = 15,
    NEURON_MEMALLOC_TYPE_NOTIFICATION_DEVICE = 16,
    NEURON_MEMALLOC_TYPE_DMA_RINGS_HOST = 17,
    NEURON_MEMALLOC_TYPE_DMA_RINGS_DEVICE = 18,
    NEURON_MEMALLOC_TYPE_CONTIGUOUS_SCRATCHPAD_DEVICE = 19,
    NEURON_MEMALLOC_TYPE_MAX = 20
} mem_alloc_category_t;

/* One allocation. */
struct neuron_ioctl_mem_chunk_info {
    __u64 pa; /* physical address */
    __u64 size; /* bytes */
    __u32 mem_type; /* a mem_alloc_category_t, by its name */
};

#ifdef __cplusplus
}
#endif

#endif
