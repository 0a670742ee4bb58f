// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Which mode of time the library is in, and what of the real world a mode makes promises about.
#ifndef MODE_H
#define MODE_H

#include "../guide/guide.h"

#include <dirent.h>

#include <nrt_sim/nrt_sim.h>

static enum { MANUAL, FREE, WALL } mode;
static double scale; // seconds of the clock to a simulated one, in wall-clock time

static inline void read_mode(void) {
    const char *text = getenv("NRT_SIM_TIME");
    mode = !text || strcmp(text, "free") == 0 ? FREE : strcmp(text, "manual") == 0 ? MANUAL : WALL;
    if (mode == WALL)
        scale = text[4] == ':' ? atof(text + 5) : 1;
}

// In wall-clock time, `ms` of simulated time must have taken their time since `begin`.
static inline void must_have_taken(double begin, double ms) {
    if (mode == WALL)
        CHECK(seconds() - begin >= ms * 1e-3 * scale);
}

// The simulated time in nanoseconds.
static inline uint64_t now(void) {
    uint64_t ns = 0;
    OK(nrt_sim_get_time(&ns));
    return ns;
}

// So much simulated time has passed since `begin`: to the nanosecond, unless a clock runs.
static inline void must_have_passed(uint64_t begin, double ms) {
    uint64_t passed = now() - begin, expected = (uint64_t)(ms * 1e6);
    CHECK(mode == WALL ? passed >= expected : passed == expected);
}

static inline int threads(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks);
    for (struct dirent *task; (task = readdir(tasks));)
        count += task->d_name[0] != '.';
    closedir(tasks);
    return count;
}

#endif
