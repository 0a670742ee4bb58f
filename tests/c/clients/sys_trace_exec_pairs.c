// run: sys_trace_exec_pairs {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The system trace holds a start and a stop of nc_exec_running for every run, joined by tracking_id, with
// device times; fetching takes out what it returns.

#include "../guide/guide.h"

#include <nrt/nrt_sys_trace.h>

#define RUNS 20
#define EVENTS_MAX 1024

struct event {
    uint64_t id, device_ns;
    bool stop, paired;
};
static struct event events[EVENTS_MAX];
static int count;

// The number behind `"key":`, before `end`.
static uint64_t number(const char *at, const char *end, const char *key) {
    char quoted[64];
    int length = snprintf(quoted, sizeof quoted, "\"%s\":", key);
    at = strstr(at, quoted);
    CHECK(at && at < end);
    at += length + (at[length] == ' ');
    CHECK(*at >= '0' && *at <= '9');
    return strtoull(at, NULL, 10);
}

// Fetches once and keeps the events of interest; returns how many there were.
static int fetch(const nrt_sys_trace_fetch_options_t *options) {
    static const char type[] = "\"event_type\":\"nc_exec_running\"";
    char *json = NULL;
    size_t size = 0;
    int before = count;
    OK(nrt_sys_trace_fetch_events(&json, &size, options));
    CHECK(json && strlen(json) == size);
    CHECK(json[0] == '{' && strstr(json, "\"events\":[") && strstr(json, "\"data_version\":2"));
    for (const char *at = json; (at = strstr(at, type)) != NULL; at++) {
        const char *end = strstr(at + 1, "\"event_type\"");
        if (!end)
            end = json + size;
        const char *start = strstr(at, "\"phase\":\"start\""), *stop = strstr(at, "\"phase\":\"stop\"");
        bool is_stop = stop && stop < end;
        CHECK(is_stop || (start && start < end));
        CHECK(count < EVENTS_MAX);
        uint64_t id = number(at, end, "tracking_id"), device_ns = number(at, end, "nc_timestamp_ns");
        events[count++] = (struct event){id, device_ns, is_stop, false};
    }
    nrt_sys_trace_buffer_free(json);
    return count - before;
}

static int pairs(void) {
    int found = 0;
    for (int s = 0; s < count; s++) {
        events[s].paired = false;
        for (int e = 0; e < count && !events[s].stop; e++)
            if (events[e].stop && events[e].id == events[s].id) {
                CHECK(events[e].device_ns >= events[s].device_ns);
                events[s].paired = true;
            }
        found += events[s].paired;
    }
    return found;
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    io_fill(&io, 1);

    nrt_sys_trace_config_t *config = NULL;
    nrt_sys_trace_fetch_options_t *options = NULL;
    OK(nrt_sys_trace_config_allocate(&config));
    nrt_sys_trace_config_set_defaults(config);
    nrt_sys_trace_config_set_max_events_per_nc(config, 100000);
    OK(nrt_sys_trace_config_set_capture_enabled_for_event_type(config, "nc_exec_running", true));
    CHECK(nrt_sys_trace_config_set_capture_enabled_for_event_type(config, "no such type", true) != NRT_SUCCESS);
    OK(nrt_sys_trace_fetch_options_allocate(&options));
    nrt_sys_trace_fetch_options_set_defaults(options);
    const char **types = NULL;
    size_t type_count = 0;
    bool listed = false;
    OK(nrt_sys_trace_get_event_types(&types, &type_count));
    for (size_t i = 0; i < type_count; i++)
        listed |= strcmp(types[i], "nc_exec_running") == 0;
    CHECK(listed);
    nrt_sys_trace_free_event_types(types, type_count);

    OK(nrt_sys_trace_start(config));
    NRT_STATUS exec_ret;
    for (int i = 0; i < RUNS; i++) {
        if (i % 2)
            OK(nrt_execute(model, io.inputs, io.outputs));
        else
            wait_for(submit(model, &io, &exec_ret));
    }
    // The last event may be a moment later than the completion it belongs to.
    for (double end = seconds() + DEADLINE_S; fetch(options), pairs() < RUNS; usleep(100))
        CHECK(seconds() < end);
    CHECK(count == 2 * pairs()); // every start has its stop, and nothing is left over
    CHECK(fetch(options) == 0);  // all were taken out
    EXPECT(NRT_INVALID, nrt_sys_trace_fetch_events(NULL, &type_count, options));

    OK(nrt_sys_trace_stop());
    nrt_sys_trace_fetch_options_free(options);
    nrt_sys_trace_config_free(config);
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
