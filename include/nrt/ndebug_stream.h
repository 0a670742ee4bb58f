/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * The debug stream: what kernels on a core print, read by the same process.
 */
#ifndef NDEBUG_STREAM_H
#define NDEBUG_STREAM_H

#include <stdint.h>

#include "nrt/nrt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of events. */
typedef enum ndebug_stream_event_type {
    NDEBUG_STREAM_EVENT_TYPE_INVALID = 0,
    NDEBUG_STREAM_EVENT_TYPE_DEBUG_TENSOR_READ = 1 /* a tensor was printed */
} ndebug_stream_event_type_t;

/* Comes before each payload. */
typedef struct ndebug_stream_event_header {
    uint64_t data_size; /* bytes of the payload */
    uint32_t type; /* a ndebug_stream_event_type_t */
    char reserved[52];
} ndebug_stream_event_header_t;

/* Payload of a printed tensor, as of SDK 2.28. SDK 2.29 put two more fields into it, at places that are
 * not known [notes]. */
typedef struct ndebug_stream_payload_debug_tensor_read {
    char prefix[512]; /* text to print before it */
    uint32_t logical_nc_id;
    uint32_t pipe; /* where to print it to */
    char tensor_dtype[16];
    uint64_t tensor_shape[8];
    uint64_t tensor_data_size; /* bytes */
    char reserved0[416];
    __extension__ char tensor_data[];
} ndebug_stream_payload_debug_tensor_read_t;

/* Attaches to a logical core. `stream_fd` is for poll and the two functions below. Events are kept only
 * while someone is attached; NRT_INVALID if another is [header]. */
NRT_STATUS nrt_debug_client_connect(int32_t logical_nc_idx, int *stream_fd);

/* Detaches. */
void nrt_debug_client_connect_close(int stream_fd);

/* Takes the oldest event; NRT_QUEUE_EMPTY if there is none. The caller frees `*payload` with free
 * [header]. */
NRT_STATUS nrt_debug_client_read_one_event(int stream_fd, ndebug_stream_event_header_t *header,
                                           void **payload);

#ifdef __cplusplus
}
#endif

#endif
