/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * The system trace: events of the runtime, kept in a ring for each core, fetched as JSON.
 */
#ifndef NRT_SYS_TRACE_H
#define NRT_SYS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nrt/nrt.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is recorded. */
typedef struct nrt_sys_trace_config nrt_sys_trace_config_t;

/* What is fetched. */
typedef struct nrt_sys_trace_fetch_options nrt_sys_trace_fetch_options_t;

/* ---- Settings. These may be used before nrt_init [observed] ---- */

/* Makes settings with the defaults, and frees them. */
NRT_STATUS nrt_sys_trace_config_allocate(nrt_sys_trace_config_t **options);
void nrt_sys_trace_config_free(nrt_sys_trace_config_t *options);

/* Restores the defaults: all cores, all types. */
void nrt_sys_trace_config_set_defaults(nrt_sys_trace_config_t *options);

/* How many events are kept for each core; brought into 1024 to 1048576 at the start [observed]. */
void nrt_sys_trace_config_set_max_events_per_nc(nrt_sys_trace_config_t *options,
                                                uint64_t max_events_per_nc);

/* Whether events of a core are recorded. */
void nrt_sys_trace_config_set_capture_enabled_for_nc(nrt_sys_trace_config_t *options, uint32_t nc_idx,
                                                     bool enabled);

/* Whether events of a type are recorded. NRT_INVALID for a type that does not exist [chosen here]. */
NRT_STATUS nrt_sys_trace_config_set_capture_enabled_for_event_type(nrt_sys_trace_config_t *options,
                                                                   const char *event_type, bool enabled);

/* The names of all types, or of those that `options` records. Free with nrt_sys_trace_free_event_types,
 * or each text and the array with free [header]. */
NRT_STATUS nrt_sys_trace_get_event_types(const char ***event_types, size_t *count);
NRT_STATUS nrt_sys_trace_config_get_enabled_event_types(nrt_sys_trace_config_t *options,
                                                        const char ***event_types, size_t *count);
void nrt_sys_trace_free_event_types(const char **event_types, size_t count);

/* ---- Recording ---- */

/* Begins to record. A full ring loses its oldest event [observed]. */
NRT_STATUS nrt_sys_trace_start(nrt_sys_trace_config_t *options);

/* Ends it and frees the rings, with what was not fetched [observed]. */
NRT_STATUS nrt_sys_trace_stop(void);

/* ---- Fetching ---- */

/* Makes options with the defaults, and frees them. These too may be used before nrt_init [observed]. */
NRT_STATUS nrt_sys_trace_fetch_options_allocate(nrt_sys_trace_fetch_options_t **options);
void nrt_sys_trace_fetch_options_free(nrt_sys_trace_fetch_options_t *options);

/* Restores the defaults: every event of every core. */
void nrt_sys_trace_fetch_options_set_defaults(nrt_sys_trace_fetch_options_t *options);

/* Fetch at most so many events of each core; 0 for all [header]. */
void nrt_sys_trace_fetch_options_set_max_events_per_nc(nrt_sys_trace_fetch_options_t *options,
                                                       uint64_t max_events_per_nc);

/* Fetch from one core only. The default, all cores, is -1 as a uint64_t [header]. */
void nrt_sys_trace_fetch_options_set_nc_idx(nrt_sys_trace_fetch_options_t *options, uint64_t nc_idx);

/* Takes recorded events out of the rings, as JSON text: an object with "events" and "data_version".
 * `*buffer` must be NULL before [header]; `written_size` becomes the length without the NUL [observed].
 * Free with nrt_sys_trace_buffer_free, never with free [header]. */
NRT_STATUS nrt_sys_trace_fetch_events(char **buffer, size_t *written_size,
                                      const nrt_sys_trace_fetch_options_t *options);
void nrt_sys_trace_buffer_free(char *buffer);

#ifdef __cplusplus
}
#endif

#endif
