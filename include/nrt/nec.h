/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * What the vendor's collectives library (libnccom) asks of the runtime. No other program
 * needs it. Of the vendor's file of this name only the functions are here, and the types they
 * take; the records that both libraries share inside change with nearly every release.
 *
 * The meanings given are inferred from names and types, where no source is named. `mla` is a device,
 * `rid` its place in the network of devices, `pod` several hosts linked into one.
 */
#ifndef NEC_H
#define NEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nrt/nrt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How the hosts of a pod are linked. */
typedef enum nec_pod_type {
    NEC_POD_TYPE_NONE = 0,
    NEC_POD_TYPE_P2P = 1,
    NEC_POD_TYPE_SWITCH = 2,
    NEC_POD_TYPE_INVALID = 3
} nec_pod_type_t;

/* An address as the device sees it. */
typedef uint64_t dma_addr_t;

/* Host memory that the device can reach. */
typedef struct enc_host_mem {
    void *mem_handle;
    void *va; /* address in this process */
    dma_addr_t pa; /* address for the device */
    size_t size; /* bytes */
} enc_host_mem_t;

/* Version of the interface between the two libraries. */
typedef struct nec_version_info {
    uint64_t major;
    uint64_t minor;
    uint64_t patch;
    uint64_t maintenance;
    char git_hash[16];
    uint64_t compatibility_version;
    __extension__ uint8_t future_fields[];
} nec_version_info_t;

/* Adds `val` to a semaphore of the device. */
void nec_inc_semaphore(volatile uint32_t *sem_inc_addr, uint32_t val);

/* Number of devices; their numbers go to the array. */
int nec_get_device_count(int *available_mla_array, uint32_t array_size);

/* PCI address of a device; 0 on success. */
int nec_get_device_pci_bdf(int neuron_dev, uint32_t *domain, uint32_t *bus_num, uint8_t *pci_slot,
                           uint8_t *dev_func);

/* Physical cores in a logical one. */
NRT_STATUS nec_get_virtual_core_size(uint32_t *virtual_core_size);

/* Builds the tables that the next four functions read, from `count` devices. */
NRT_STATUS nec_build_port_and_rid_map(int local_nec_dev_id, int *mla_indexes, int *host_device_ids,
                                      int count);

/* Whether a device is in those tables, and its place from its number and the reverse. */
bool nec_is_mla_available(int local_nec_dev_id, int mla_idx);
int nec_mla_idx_to_rid(int local_nec_dev_id, int mla_idx);
int nec_rid_to_mla_idx(int local_nec_dev_id, int rid);

/* The device at the other end of a port. */
int nec_get_peer_mla_idx(int local_nec_dev_id, int mla_idx, int port);

/* The host of a pod that is `port_distance` away from `node`. */
int nec_get_p2p_pod_peer_node(uint32_t nec_dev_id, int node, uint32_t port_distance, int *peer_node);

/* Whether a device of one host of a pod reaches a device of another. */
NRT_STATUS nec_pod_node_can_access_peer_node(nec_pod_type_t pod_type, uint32_t local_rid,
                                             uint32_t local_node_id, uint32_t remote_rid,
                                             uint32_t remote_node_id, int *can_access_peer);

/* Writes a line to the kernel's log. */
void nec_ndl_printk(char *str, uint32_t size, uint32_t action);

/* Sizes and offsets, in bytes, of what is exchanged with a rank, where they come as data: read from
 * `dyn_input`, which counts in elements of `data_type_sz` bytes. */
size_t nec_get_dynamic_send_size_bytes(enc_host_mem_t *dyn_input, size_t data_type_sz, int dst_rank,
                                       int rank_n);
size_t nec_get_dynamic_send_offset_bytes(enc_host_mem_t *dyn_input, size_t data_type_sz, int dst_rank,
                                         int rank_n);
size_t nec_get_dynamic_recv_offset_bytes(enc_host_mem_t *dyn_input, size_t data_type_sz, int src_rank,
                                         int rank_n);

/* Enters the size received from a rank. */
void nec_set_recv_size_bytes(enc_host_mem_t *dyn_input, size_t recv_size_bytes, size_t data_type_sz,
                             int src_rank, int rank_n);

/* Version of this interface. The vendor declares it, but its library does not export it [observed]. */
NRT_STATUS nec_get_version_info(nec_version_info_t *version_info);

#ifdef __cplusplus
}
#endif

#endif
