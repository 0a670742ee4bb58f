// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=manual NRT_SIM_MODELS=model=[{time="50ms"}] waits {neff} -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=free NRT_SIM_MODELS=model=[{time="50ms"}] waits {neff} -> 0
// run: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS=3 NRT_SIM_TIME=wall:0.1 NRT_SIM_MODELS=model=[{time="50ms"}] waits {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// nrt_execute returns when the run is queued, and what the program does with its tensors comes after the run.
#include "implicit.h"

static nrt_model_t *model;
static struct io io;
static nrt_tensor_t *other; // as long as an input and an output together
static uint64_t result[2];  // of the inputs that follow from 0 and 1
static unsigned char bytes[1 << 16];

// A run over the inputs that follow from 0. It has not ended, where that can be known.
static double begin(void) {
    io_fill(&io, 0);
    uint64_t before = done();
    uint64_t at = now();
    double clock = seconds();
    OK(nrt_execute(model, io.inputs, io.outputs));
    CHECK(mode == WALL || now() == at);
    CHECK(mode != MANUAL || done() == before);
    return clock;
}

// It has ended, and computed what it was to compute.
static void has_ended(double since) {
    CHECK(done() == accepted());
    must_have_taken(since, RUN_MS);
    CHECK(io_result(&io) == result[0]);
}

static void reads_wait_for_the_run_that_writes(void) {
    for (unsigned seed = 0; seed < 2; seed++)
        result[seed] = run_blocking(model, &io, seed); // blocking only in io_result
    CHECK(result[0] != result[1]);
    for (unsigned round = 0; round < 10; round++)
        CHECK(run_blocking(model, &io, round % 2) == result[round % 2]);

    uint64_t at = now();
    double since = begin();
    OK(nrt_tensor_read(output(&io), bytes, 0, 1));
    CHECK(now() >= at + RUN_MS * 1000000ull);
    has_ended(since);

    // A run that only reads a tensor is no reason to wait for who reads it as well.
    since = begin();
    uint64_t before = done();
    OK(nrt_tensor_read(input(&io), bytes, 0, 1));
    CHECK(mode != MANUAL || done() == before);
    OK(nrt_tensor_copy(output(&io), 0, other, 0, output_size(&io)));
    has_ended(since);
    unsigned char *copy = bytes + output_size(&io);
    OK(nrt_tensor_read(output(&io), bytes, 0, output_size(&io)));
    OK(nrt_tensor_read(other, copy, 0, output_size(&io)));
    CHECK(memcmp(bytes, copy, output_size(&io)) == 0);
}

static void writes_wait_for_runs_that_read_or_write(void) {
    double since = begin();
    io_fill(&io, 1);
    has_ended(since);
    since = begin();
    OK(nrt_tensor_memset(input(&io), 0, 0xff, input_size(&io)));
    has_ended(since);
    since = begin();
    OK(nrt_tensor_copy(other, 0, input(&io), 0, input_size(&io)));
    has_ended(since);
    since = begin();
    OK(nrt_tensor_memset(output(&io), 0, 0, 1)); // else the run would write over it
    CHECK(done() == accepted());
    OK(nrt_tensor_read(output(&io), bytes, 0, 1));
    CHECK(bytes[0] == 0);
}

static void views_of_the_same_bytes_count(void) {
    nrt_tensor_t *in = NULL, *out = NULL, *of_out = NULL;
    OK(nrt_tensor_allocate_slice(input(&io), 0, 1, "in", &in));
    OK(nrt_tensor_allocate_slice(output(&io), 0, output_size(&io), "out", &out));
    OK(nrt_tensor_allocate_slice(out, 0, 1, NULL, &of_out));
    double since = begin();
    bytes[0] = 0xff;
    OK(nrt_tensor_write(in, bytes, 0, 1));
    has_ended(since);
    since = begin();
    OK(nrt_tensor_read(of_out, bytes, 0, 1));
    has_ended(since);
    nrt_tensor_free(&of_out);
    nrt_tensor_free(&out);
    nrt_tensor_free(&in);
}

static void batches_wait_unless_they_are_unsafe(void) {
    nrt_tensor_batch_op_t op = {.offset = 0, .size = 1, .buffer = bytes};
    nrt_tensor_batch_t reads = {.tensor = output(&io), .ops = &op, .num_ops = 1};
    nrt_tensor_batch_t writes = {.tensor = input(&io), .ops = &op, .num_ops = 1};
    double since = begin();
    uint64_t before = done();
    OK(nrt_tensor_read_batch(&reads, 1, true));
    OK(nrt_tensor_read(input(&io), bytes, 0, 1));
    OK(nrt_tensor_write_batch(&writes, 1, true)); // what is there already
    CHECK(mode != MANUAL || done() == before);
    OK(nrt_tensor_read_batch(&reads, 1, false));
    has_ended(since);
    since = begin();
    bytes[0] = 0xff;
    OK(nrt_tensor_write_batch(&writes, 1, false));
    has_ended(since);
}

static size_t memory(void) {
    nrt_vnc_memory_stats_t stats;
    size_t size = 0;
    OK(nrt_get_vnc_memory_stats(0, &stats, sizeof stats, &size));
    return stats.bytes_used;
}

static void a_tensor_in_use_can_be_freed(void) {
    struct io mine;
    size_t before = memory();
    io_open(&mine, model, 0);
    io_fill(&mine, 0);
    OK(nrt_execute(model, mine.inputs, mine.outputs));
    io_close(&mine);
    CHECK(memory() == before && done() == accepted());
}

static void outputs_are_counted(void) {
    OK(nrt_tensor_reset_output_completion(output(&io)));
    begin();
    OK(nrt_execute(model, io.inputs, io.outputs));
    EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(output(&io), 0, 3));
    OK(nrt_tensor_check_output_completion(output(&io), -1, 2));
    CHECK(done() == accepted());
}

static void only_device_tensors_are_taken(void) {
    nrt_tensor_t *host = NULL;
    nrt_tensor_set_t *set = NULL;
    uint64_t before = accepted();
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_HOST, -1, output_size(&io), "host", &host));
    OK(nrt_allocate_tensor_set(&set));
    nrt_tensor_info_array_t *info = NULL;
    OK(nrt_get_model_tensor_info(model, &info));
    for (uint64_t i = 0; i < info->tensor_count; i++)
        if (info->tensor_array[i].usage == NRT_TENSOR_USAGE_OUTPUT)
            OK(nrt_add_tensor_to_tensor_set(set, info->tensor_array[i].name, host));
    OK(nrt_free_model_tensor_info(info));
    EXPECT(NRT_INVALID, nrt_execute(model, io.inputs, set));
    EXPECT(NRT_INVALID, nrt_execute_repeat(model, io.inputs, set, 1));
    EXPECT(NRT_INVALID, nrt_execute(model, set, io.outputs));
    EXPECT(NRT_INVALID_HANDLE, nrt_execute((nrt_model_t *)set, io.inputs, io.outputs));
    CHECK(accepted() == before);
    nrt_tensor_free(&host);
    nrt_destroy_tensor_set(&set);
}

static void draining_waits_for_all(void) {
    double since = begin();
    OK(nrt_execute_repeat(model, io.inputs, io.outputs, 1));
    OK(nrt_async_drain_queued_execs(0));
    CHECK(done() == accepted());
    must_have_taken(since, 2 * RUN_MS);
    OK(nrt_async_drain_queued_execs(0));
    OK(nrt_async_drain_queued_execs(1));
    EXPECT(NRT_INVALID, nrt_async_drain_queued_execs(2));
}

// What a set is changed to plays no part for runs that are queued.
static void sets_can_be_changed_after_the_call(void) {
    struct io mine;
    io_open(&mine, model, 0);
    io_fill(&mine, 0);
    OK(nrt_execute(model, mine.inputs, mine.outputs));
    nrt_destroy_tensor_set(&mine.inputs);
    nrt_destroy_tensor_set(&mine.outputs);
    CHECK(io_result(&mine) == result[0]);
    io_close(&mine);
}

int main(int argc, char **argv) {
    read_mode();
    model = start(argc, argv);
    io_open(&io, model, 0);
    size_t largest = input_size(&io) > output_size(&io) ? input_size(&io) : output_size(&io);
    CHECK(2 * largest <= sizeof bytes);
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, largest, "other", &other));

    reads_wait_for_the_run_that_writes();
    writes_wait_for_runs_that_read_or_write();
    views_of_the_same_bytes_count();
    batches_wait_unless_they_are_unsafe();
    a_tensor_in_use_can_be_freed();
    outputs_are_counted();
    only_device_tensors_are_taken();
    draining_waits_for_all();
    sets_can_be_changed_after_the_call();

    double since = begin();
    OK(nrt_unload(model));
    CHECK(done() == accepted());
    must_have_taken(since, RUN_MS);
    CHECK(io_result(&io) == result[0]);
    EXPECT(NRT_INVALID_HANDLE, nrt_execute(model, io.inputs, io.outputs));
    nrt_close();
    return ok();
}
