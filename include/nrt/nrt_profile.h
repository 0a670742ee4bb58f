/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Profiles: of one model, of a core, continuous, and the inspect session that gathers
 * system and device profiles in a folder.
 */
#ifndef NRT_PROFILE_H
#define NRT_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "nrt/nrt.h"
#include "nrt/nrt_status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- A profile of one model ---- */

/* Records the runs of `model` from now on, for `filename`; nrt_profile_stop writes it. */
NRT_STATUS nrt_profile_start(nrt_model_t *model, const char *filename);
NRT_STATUS nrt_profile_stop(const char *filename);

/* ---- Profiles of a logical core. Not in the headers of SDK 2.28; exported by SDK 2.29 [observed] ---- */

/* Records what core `vnc` runs. */
NRT_STATUS nrt_profile_session_start(int32_t vnc);

/* Ends that and names the recording. */
NRT_STATUS nrt_profile_session_stop(int32_t vnc, uint64_t *session_id);

/* Writes a recording to a file. */
NRT_STATUS nrt_profile_session_serialize(uint64_t session_id, const char *filename);

/* Forgets a recording, or all of a core. */
NRT_STATUS nrt_profile_session_drop(uint64_t session_id);
NRT_STATUS nrt_profile_session_drop_all(int32_t vnc);

/* ---- Continuous profile: records always, writes on demand ---- */

/* Settings of the continuous profile. */
typedef struct nrt_profile_continuous_options nrt_profile_continuous_options_t;

/* Makes such settings, and frees them. */
NRT_STATUS nrt_profile_continuous_options_allocate(nrt_profile_continuous_options_t **options);
NRT_STATUS nrt_profile_continuous_options_free(nrt_profile_continuous_options_t *options);

/* The folder that nrt_profile_continuous_save writes to. */
NRT_STATUS nrt_profile_continuous_options_set_output_dir(nrt_profile_continuous_options_t *options,
                                                         const char *output_dir);

/* Begins. Not together with an inspect session or the implicit asynchronous mode [header]. */
NRT_STATUS nrt_profile_continuous_start(nrt_profile_continuous_options_t *options);

/* Writes what core `vnc` did last. An error if the profile was not begun [header]. */
NRT_STATUS nrt_profile_continuous_save(uint32_t vnc, nrt_profile_continuous_options_t *options);

/* Ends. */
NRT_STATUS nrt_profile_continuous_stop(void);

/* ---- Inspect session ---- */

/* Settings of an inspect session. The functions that work on them may be called before nrt_init
 * [observed]. */
typedef struct nrt_inspect_config nrt_inspect_config_t;

/* What a device profile follows. Only the name of the last one is seen in use [client code]; the others
 * are by analogy. */
typedef enum {
    NRT_INSPECT_DEVICE_PROFILE_MODE_DISABLED = 0,
    NRT_INSPECT_DEVICE_PROFILE_MODE_MODEL = 1,
    NRT_INSPECT_DEVICE_PROFILE_MODE_SESSION = 2
} nrt_inspect_device_profile_mode_t;

/* Begins a session with the settings of the environment (NEURON_RT_INSPECT_...). */
NRT_STATUS nrt_inspect_begin(void);

/* Begins a session with `options` and no regard to the environment. NULL means the defaults [header];
 * the library answers NRT_INVALID [observed]. */
NRT_STATUS nrt_inspect_begin_with_options(nrt_inspect_config_t *options);

/* Ends the session and writes its files. */
NRT_STATUS nrt_inspect_stop(void);

/* Writes the name of the folder that a session of this process uses below `output_dir` to a buffer of
 * `buf_size` bytes. Not in the headers of SDK 2.28; exported by SDK 2.29 [observed]. */
NRT_STATUS nrt_inspect_get_instance_output_dir(const char *output_dir, char *instance_dir_buf,
                                               size_t buf_size);

/* Makes settings, and frees them. They begin with the defaults: session 1, folder "./output",
 * no activity, all cores [observed]. */
NRT_STATUS nrt_inspect_config_allocate(nrt_inspect_config_t **options);
NRT_STATUS nrt_inspect_config_free(nrt_inspect_config_t *options);

/* Restores the defaults. */
NRT_STATUS nrt_inspect_config_set_defaults(nrt_inspect_config_t *options);

/* Folder to write to. NRT_INVALID for NULL or an empty name [observed]. */
NRT_STATUS nrt_inspect_config_set_output_dir(nrt_inspect_config_t *options, const char *output_dir);

/* Number of the session, part of the names of its files. */
NRT_STATUS nrt_inspect_config_set_session_id(nrt_inspect_config_t *options, int session_id);

/* Turns an activity on or off: "system_profile", "device_profile", "host_memory", "cpu_util" or "all"
 * [header]. */
NRT_STATUS nrt_inspect_config_set_activity(nrt_inspect_config_t *options, const char *activity_type,
                                           bool enabled);

/* Whether events of a core are recorded. */
NRT_STATUS nrt_inspect_config_set_capture_enabled_for_nc(nrt_inspect_config_t *options, uint32_t nc_idx,
                                                         bool enabled);

/* Whether events of a type are recorded; nrt_sys_trace_get_event_types lists the types. */
NRT_STATUS nrt_inspect_config_set_capture_enabled_for_event_type_string(nrt_inspect_config_t *options,
                                                                        const char *event_type,
                                                                        bool enabled);

/* Whether the session records at all, and whether it does so when something fails. */
NRT_STATUS nrt_inspect_config_set_enable_inspect(nrt_inspect_config_t *options, bool enable_inspect);
NRT_STATUS nrt_inspect_config_set_enable_inspect_on_fail(nrt_inspect_config_t *options,
                                                         bool enable_inspect_on_fail);

/* What a device profile follows. Not in the headers of SDK 2.28; exported by SDK 2.29 [observed]. */
NRT_STATUS
nrt_inspect_config_set_inspect_device_profile_mode(nrt_inspect_config_t *options,
                                                   nrt_inspect_device_profile_mode_t device_profile_mode);

/* How many events are kept for each core. */
NRT_STATUS nrt_inspect_config_set_sys_trace_max_events_per_nc(nrt_inspect_config_t *options,
                                                              uint64_t sys_trace_max_events_per_nc);

/* The names of all activities, or of those turned on. Free with nrt_inspect_config_free_activity_types,
 * or each text and the array with free [header]. */
NRT_STATUS nrt_inspect_config_get_all_activity_types(const char ***activity_types, size_t *count);
NRT_STATUS nrt_inspect_config_get_enabled_activity_types(nrt_inspect_config_t *options,
                                                         const char ***activity_types, size_t *count);
void nrt_inspect_config_free_activity_types(const char **activity_types, size_t count);

#ifdef __cplusplus
}
#endif

#endif
