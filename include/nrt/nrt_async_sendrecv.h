/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Sending tensors between two logical cores, also of two hosts, without waiting.
 *
 * The order of use: init, connect or accept, test_comm until done, send_tensor or recv_tensor,
 * test_request until done, flush, close [client code]. Cores are counted over the whole host here,
 * not within the process [header]. Init fails unless NEURON_RT_ASYNC_SENDRECV_EXPERIMENTAL_ENABLED is 1
 * and NEURON_RT_ASYNC_SENDRECV_BOOTSTRAP_PORT is set [observed].
 */
#ifndef NRT_ASYNC_SENDRECV_H
#define NRT_ASYNC_SENDRECV_H

#include <stdbool.h>
#include <stddef.h>

#include "nrt/nrt.h"
#include "nrt/nrt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One direction between two cores. Lives until nrt_async_sendrecv_close of its core. */
typedef struct nrt_async_sendrecv_comm nrt_async_sendrecv_comm_t;

/* A transfer under way. Lives until nrt_async_sendrecv_test_request says done. */
typedef struct nrt_async_sendrecv_request nrt_async_sendrecv_request_t;

/* How many communicators a core may have. */
NRT_STATUS nrt_async_sendrecv_get_max_num_communicators_per_lnc(int *num);

/* How many transfers a communicator may have under way: 128 [observed]. */
NRT_STATUS nrt_async_sendrecv_get_max_num_pending_request(int *num);

/* Prepares a core; once for each, and before the other calls. */
NRT_STATUS nrt_async_sendrecv_init(int local_host_lnc);

/* Ends all communicators of a core; before nrt_close. An error if one is not connected or a transfer is
 * under way [header]. */
NRT_STATUS nrt_async_sendrecv_close(int local_host_lnc);

/* Begins to connect to a core of `peer_ip`, for sending. Returns at once. */
NRT_STATUS nrt_async_sendrecv_connect(const char *peer_ip, int peer_host_lnc, int local_host_lnc,
                                      nrt_async_sendrecv_comm_t **send_comm);

/* Begins to await a connection from a core of `peer_ip`, for receiving. Returns at once. */
NRT_STATUS nrt_async_sendrecv_accept(const char *peer_ip, int peer_host_lnc, int local_host_lnc,
                                     nrt_async_sendrecv_comm_t **recv_comm);

/* Whether both ends have met. NRT_TIMEOUT if they did not in time, NRT_INVALID_HANDLE for a wrong handle
 * [observed]. */
NRT_STATUS nrt_async_sendrecv_test_comm(nrt_async_sendrecv_comm_t *comm, bool *done);

/* Begins to send, or to receive, `length` bytes at `offset`; the tensor must live until it is over.
 * Transfers of a communicator keep their order. NRT_INVALID_HANDLE if it is not connected, NRT_RESOURCE
 * if too many are under way, NRT_FAILURE for a wrong range, direction or core [observed]. */
NRT_STATUS nrt_async_sendrecv_send_tensor(nrt_tensor_t *tensor, size_t offset, size_t length,
                                          nrt_async_sendrecv_comm_t *send_comm,
                                          nrt_async_sendrecv_request_t **request);
NRT_STATUS nrt_async_sendrecv_recv_tensor(nrt_tensor_t *tensor, size_t offset, size_t length,
                                          nrt_async_sendrecv_comm_t *recv_comm,
                                          nrt_async_sendrecv_request_t **request);

/* Whether a transfer is over, and how many bytes it moved. After done, or after the NRT_FAILURE of a
 * failed transfer, the request must not be used again [header]. */
NRT_STATUS nrt_async_sendrecv_test_request(nrt_async_sendrecv_request_t *request, bool *done, size_t *size);

/* Makes received data visible to the core; call it before the data is used [header]. */
NRT_STATUS nrt_async_sendrecv_flush(int lnc);

#ifdef __cplusplus
}
#endif

#endif
