// run: epoll_many_units {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// One non-blocking eventfd for each core and kind of unit (queue 0), all in one epoll set. A wake-up is
// drained by one read; after that only nrta_get_sequence is trusted.

#define _GNU_SOURCE
#include "../guide/guide.h"

#include <sys/epoll.h>

#define CORES_MAX 128
#define REQUESTS 200 // for each busy unit

struct unit {
    int core, fd;
    nrta_xu_t xu;
    nrta_seq_t issued, done;
    int left;
    NRT_STATUS rets[REQUESTS];
};

static nrta_seq_t newest(const struct unit *unit) {
    nrta_seq_t seq = 0;
    OK(nrta_get_sequence((uint32_t)unit->core, unit->xu, 0, &seq));
    return seq;
}

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    alarm(12 * DEADLINE_S);
    uint32_t cores;
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    OK(nrt_get_visible_vnc_count(&cores));
    CHECK(cores >= 1 && cores <= CORES_MAX);

    size_t count = cores * NRTA_XU_TYPE_NUM;
    struct unit *units = (struct unit *)calloc(count, sizeof *units);
    nrt_model_t *models[CORES_MAX];
    struct io *ios = (struct io *)calloc(cores, sizeof *ios);
    nrt_tensor_t *targets[CORES_MAX];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    CHECK(units && ios && epoll >= 0);
    for (size_t i = 0; i < count; i++) {
        struct unit *u = &units[i];
        u->core = (int)(i / NRTA_XU_TYPE_NUM);
        u->xu = (nrta_xu_t)(i % NRTA_XU_TYPE_NUM);
        u->left = u->xu == NRTA_XU_COLLECTIVES ? 0 : REQUESTS; // one kind stays idle
        u->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        OK(nrta_event_register_xu_completion(u->core, u->xu, 0, u->fd)); // before any work exists
        u->issued = u->done = newest(u);
        struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = (uint32_t)i}};
        CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, u->fd, &event) == 0);
    }
    for (uint32_t core = 0; core < cores; core++) {
        models[core] = load_model(argv[1], (int)core);
        io_open(&ios[core], models[core], (int)core);
        io_fill(&ios[core], core);
        OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, (int)core, 4096, NULL, &targets[core]));
    }

    static char buffer[4096];
    double end = seconds() + DEADLINE_S;
    for (bool busy = true; busy;) {
        busy = false;
        for (size_t i = 0; i < count; i++) { // two or three in flight on each unit
            struct unit *u = &units[i];
            for (; u->left > 0 && u->issued - u->done < 3; u->left--) {
                NRT_STATUS *ret = &u->rets[u->left - 1];
                nrta_seq_t seq = 0;
                *ret = UNTOUCHED;
                if (u->xu == NRTA_XU_COMPUTE)
                    OK(nrta_execute_schedule(models[u->core], ios[u->core].inputs, ios[u->core].outputs, 0, ret, &seq));
                else
                    OK(nrta_tensor_write(targets[u->core], buffer, 0, sizeof buffer, u->core, 0, ret, &seq));
                CHECK(seq == u->issued + 1);
                u->issued = seq;
            }
            busy |= u->issued != u->done;
        }
        if (!busy)
            break;
        struct epoll_event events[16];
        int n = epoll_wait(epoll, events, 16, DEADLINE_S * 1000);
        CHECK(n > 0 && seconds() < end); // 0: a completion without a signal
        for (int i = 0; i < n; i++) {
            struct unit *u = &units[events[i].data.u32];
            CHECK(u->xu != NRTA_XU_COLLECTIVES);
            CHECK(drain(u->fd) > 0);
            nrta_seq_t now = newest(u);
            CHECK(now >= u->done && now <= u->issued);
            u->done = now;
        }
    }
    for (size_t i = 0; i < count; i++) {
        struct unit *u = &units[i];
        for (int r = 0; r < REQUESTS; r++)
            CHECK(u->rets[r] == NRT_SUCCESS); // all 0 in the idle unit, too
        OK(nrta_event_register_xu_completion(u->core, u->xu, 0, -1));
        OK(nrta_event_register_xu_completion(u->core, u->xu, 0, -1));
        close(u->fd);
    }
    for (uint32_t core = 0; core < cores; core++) {
        CHECK(run_blocking(models[core], &ios[core], 0) == run_blocking(models[0], &ios[0], 0));
        nrt_tensor_free(&targets[core]);
    }
    close(epoll);
    nrt_close();
    free(units);
    free(ios);
    return ok();
}
