/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * The version of the runtime library.
 */
#ifndef NRT_VERSION_H
#define NRT_VERSION_H

#include <stddef.h>
#include <stdint.h>

#include "nrt/nrt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RT_VERSION_DETAIL_LEN 128
#define GIT_HASH_LEN 64

/* A library version such as 2.31.24.0. It is not the number of the SDK. */
typedef struct nrt_version {
    uint64_t rt_major;
    uint64_t rt_minor;
    uint64_t rt_patch;
    uint64_t rt_maintenance;
    char rt_detail[RT_VERSION_DETAIL_LEN]; /* the same as text, NUL-terminated */
    char git_hash[GIT_HASH_LEN];
} nrt_version_t;

/* Writes the version of the library to `ver`, at most `size` bytes of it (its size in the caller's
 * view). Works before nrt_init. NRT_FAILURE if `size` does not reach the end of `rt_detail`; `git_hash`
 * is left out if `size` is too small for it [observed]. */
NRT_STATUS nrt_get_version(nrt_version_t *ver, size_t size);

#ifdef __cplusplus
}
#endif

#endif
