// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Work on two cores, printed so that two runs can be compared: each request's id and status, the outputs,
// the values that were read. With "traced" as argument 2 one queue works at a time, up to three requests
// deep, and the system trace is printed too; with "mixed" all queues of both cores work at once.

#include "../guide/guide.h"

#include <nrt/nrt_sys_trace.h>

#define CORES 2
#define SLOTS 3
#define ROUNDS 12

static struct slot {
    struct io io;
    nrt_tensor_t *tensor;
    NRT_STATUS run_status, write_status, read_status;
    nrta_seq_t run, write, read;
    uint64_t written, was_read;
} slots[CORES][SLOTS];

// Writes on queue 1 of the tensor operations, reads on queue 0: each waits for the other.
static void write_tensor(struct slot *slot, int core, unsigned seed) {
    slot->written = seed * 0x9e3779b97f4a7c15u;
    OK(nrta_tensor_write(slot->tensor, &slot->written, 0, 8, core, 1, &slot->write_status, &slot->write));
}

static void read_tensor(struct slot *slot, int core) {
    OK(nrta_tensor_read(&slot->was_read, slot->tensor, 0, 8, core, 0, &slot->read_status, &slot->read));
}

static void run(struct slot *slot, nrt_model_t *model, unsigned seed) {
    NRT_STATUS ret;
    io_fill(&slot->io, seed);
    // Never full: at most SLOTS are in flight.
    ret = nrta_execute_schedule(model, slot->io.inputs, slot->io.outputs, 0, &slot->run_status, &slot->run);
    EXPECT(NRT_SUCCESS, ret);
}

static void print(const struct slot *slot) {
    printf("write %#llx: %d\n", (unsigned long long)slot->write, (int)slot->write_status);
    printf("read %#llx: %d, %#llx\n", (unsigned long long)slot->read, (int)slot->read_status,
           (unsigned long long)slot->was_read);
    printf("run %#llx: %d, %#llx\n", (unsigned long long)slot->run, (int)slot->run_status,
           (unsigned long long)io_result(&slot->io));
}

static void one_queue_at_a_time(nrt_model_t **models) {
    for (unsigned round = 0; round < ROUNDS; round++)
        for (int core = 0; core < CORES; core++) {
            struct slot *mine = slots[core];
            for (unsigned s = 0; s < SLOTS; s++)
                write_tensor(&mine[s], core, round * SLOTS + s);
            wait_for(mine[SLOTS - 1].write);
            for (unsigned s = 0; s < SLOTS; s++)
                read_tensor(&mine[s], core);
            wait_for(mine[SLOTS - 1].read);
            for (unsigned s = 0; s < SLOTS; s++)
                run(&mine[s], models[core], round * SLOTS + s);
            wait_for(mine[SLOTS - 1].run);
            for (unsigned s = 0; s < SLOTS; s++)
                print(&mine[s]);
        }
}

static void all_queues_at_once(nrt_model_t **models) {
    for (unsigned round = 0; round < ROUNDS + SLOTS; round++)
        for (int core = 0; core < CORES; core++) {
            struct slot *slot = &slots[core][round % SLOTS];
            if (round >= SLOTS) {
                wait_for(slot->write);
                read_tensor(slot, core);
                wait_for(slot->run);
                wait_for(slot->read);
                print(slot);
            }
            if (round < ROUNDS) {
                write_tensor(slot, core, round);
                run(slot, models[core], round);
            }
        }
}

int main(int argc, char **argv) {
    nrt_model_t *models[CORES] = {start(argc, argv)};
    models[1] = load_model(argv[1], 1);
    for (int core = 0; core < CORES; core++)
        for (int s = 0; s < SLOTS; s++) {
            OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, core, 64, "bytes", &slots[core][s].tensor));
            io_open(&slots[core][s].io, models[core], core);
        }
    CHECK(argc > 2);
    if (strcmp(argv[2], "traced") == 0) {
        nrt_sys_trace_config_t *config = NULL;
        char *json = NULL;
        size_t size = 0;
        OK(nrt_sys_trace_config_allocate(&config));
        OK(nrt_sys_trace_start(config));
        one_queue_at_a_time(models);
        OK(nrt_sys_trace_fetch_events(&json, &size, NULL));
        CHECK(strlen(json) == size);
        puts(json);
        nrt_sys_trace_buffer_free(json);
        nrt_sys_trace_config_free(config);
    } else {
        all_queues_at_once(models);
    }
    nrt_close();
    return ok();
}
