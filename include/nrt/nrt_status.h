/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * The statuses that the runtime answers, as numbers and as text.
 *
 * Where a comment in these headers states a behaviour, its source stands in brackets:
 * [header] the vendor's headers, [guide] the vendor's guides, [notes] its release notes,
 * [observed] seen in library 2.31.24 (SDK 2.29), [client code] relied on by real programs,
 * [chosen here] open in the sources and decided by this project. What has no bracket is what
 * the name and the prototype say.
 */
#ifndef NRT_STATUS_H
#define NRT_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* What a call, or a request that has ended, answers. 8 and 12 are not assigned [header]. */
typedef enum {
    NRT_SUCCESS = 0,
    NRT_FAILURE = 1, /* an error without a number of its own */
    NRT_INVALID = 2, /* an argument, a file or a setting is wrong */
    NRT_INVALID_HANDLE = 3, /* the handle names no object that lives */
    NRT_RESOURCE = 4, /* something ran out, above all device memory */
    NRT_TIMEOUT = 5, /* the time allowed has passed */
    NRT_HW_ERROR = 6, /* the hardware failed */
    NRT_QUEUE_FULL = 7, /* the queue takes no more; nothing was queued, retry after a completion */
    NRT_LOAD_NOT_ENOUGH_NC = 9, /* a model needs more cores than are free */
    NRT_UNSUPPORTED_NEFF_VERSION = 10, /* the NEFF needs another runtime */
    NRT_FAIL_HOST_MEM_ALLOC = 11, /* host memory ran out */
    NRT_UNINITIALIZED = 13, /* before nrt_init */
    NRT_CLOSED = 14, /* nrt_close has been called */
    NRT_QUEUE_EMPTY = 15, /* there is nothing to read */
    NRT_EXEC_UNIT_UNRECOVERABLE = 101, /* the execution unit is dead until the runtime starts anew */

    NRT_EXEC_BAD_INPUT = 1002, /* a run was given input it cannot use */
    NRT_EXEC_COMPLETED_WITH_NUM_ERR = 1003, /* the run ended, with NaN or the like; outputs are written */
    NRT_EXEC_COMPLETED_WITH_ERR = 1004, /* the run ended, with another error */
    NRT_EXEC_NC_BUSY = 1005, /* the core is in use, as the driver says at execution */
    NRT_EXEC_OOB = 1006, /* an indirect access left its memory */
    NRT_COLL_PENDING = 1100, /* a collective is not over */

    /* Hardware and network faults. They kill the execution unit [observed]. */
    NRT_EXEC_HW_ERR_COLLECTIVES = 1200, /* a collective hangs, often for a missing peer */
    NRT_EXEC_HW_ERR_HBM_UE = 1201, /* device memory is damaged; leave the instance */
    NRT_EXEC_HW_ERR_NC_UE = 1202, /* memory inside a core has a parity error */
    NRT_EXEC_HW_ERR_DMA_ABORT = 1203, /* a DMA engine has stopped */
    NRT_EXEC_SW_NQ_OVERFLOW = 1204, /* a notification queue overflowed */
    NRT_EXEC_HW_ERR_REPAIRABLE_HBM_UE = 1205, /* device memory is damaged; a driver reload repairs it */
    NRT_NETWORK_PROXY_FAILURE = 1206 /* the network side of a collective failed */
} NRT_STATUS;

/* The name of `status`, for messages; a static text that is never freed. Any thread, any time. Not every
 * release of the vendor's library exports it [observed]; programs are built that link it [client code]. */
const char *nrt_get_status_as_str(NRT_STATUS status);

#ifdef __cplusplus
}
#endif

#endif
