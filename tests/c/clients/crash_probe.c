// run: crash_probe {neff} -> 0
// valgrind: --undef-value-errors=no
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// (A call with another prototype leaves arguments out, which valgrind sees as values never written.)
//
// What a probe does to a library: missing arguments, numbers out of range, handles that are gone, freeing
// twice. Every call must come back, those with a documented status with that one, and leave the
// runtime in order.

#include "../guide/guide.h"

// Must return something other than success.
#define REFUSED(call) CHECK((int)(call) != NRT_SUCCESS)

static void probe_missing_arguments(nrt_model_t *model, struct io *io, const void *neff, size_t size) {
    nrt_model_t *m;
    nrt_tensor_t *t = NULL;
    nrta_seq_t seq = 77;
    NRT_STATUS ret = UNTOUCHED;
    nrt_tensor_set_t *in = io->inputs, *out = io->outputs, *set = NULL;
    REFUSED(nrt_get_total_nc_count(NULL));
    REFUSED(nrt_get_visible_vnc_count(NULL));
    REFUSED(nrt_get_instance_info(NULL, 32));
    EXPECT(NRT_INVALID, nrt_load(NULL, 5000, 0, -1, &m));
    EXPECT(NRT_INVALID, nrt_load(neff, size, 0, -1, NULL));
    EXPECT(NRT_INVALID, nrt_load(neff, 0, 0, -1, &m));
    EXPECT(NRT_INVALID, nrt_load(neff, 1023, 0, -1, &m));
    REFUSED(nrt_load(neff, size / 2, 0, -1, &m)); // cut off
    EXPECT(NRT_INVALID, nrt_load(neff, size, 0, 7, &m));
    REFUSED(nrt_unload(NULL));
    REFUSED(nrt_get_model_tensor_info(NULL, NULL));
    REFUSED(nrt_get_model_tensor_info(model, NULL));
    (void)nrt_free_model_tensor_info(NULL);
    EXPECT(NRT_INVALID, nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 64, "t", NULL));
    REFUSED(nrt_tensor_allocate_slice(NULL, 0, 1, "t", &t));
    REFUSED(nrt_tensor_allocate_slice(io->tensors[0], 0, 1, "t", NULL));
    REFUSED(nrt_tensor_read(NULL, &seq, 0, 8));
    REFUSED(nrt_tensor_read(io->tensors[0], NULL, 0, 8));
    REFUSED(nrt_tensor_write(io->tensors[0], NULL, 0, 8));
    REFUSED(nrt_tensor_copy(NULL, 0, io->tensors[0], 0, 1));
    REFUSED(nrt_tensor_memset(NULL, 0, 0, 1));
    CHECK(nrt_tensor_get_va(NULL) == NULL);
    (void)nrt_tensor_get_size(NULL);
    EXPECT(NRT_INVALID, nrt_tensor_check_output_completion(NULL, 0, 0));
    EXPECT(NRT_INVALID, nrt_tensor_reset_output_completion(NULL));
    nrt_tensor_free(NULL);
    nrt_tensor_free(&t);
    nrt_destroy_tensor_set(NULL);
    nrt_destroy_tensor_set(&set);
    REFUSED(nrt_allocate_tensor_set(NULL));
    REFUSED(nrt_add_tensor_to_tensor_set(NULL, "x", io->tensors[0]));
    REFUSED(nrt_add_tensor_to_tensor_set(in, NULL, io->tensors[0]));
    REFUSED(nrt_add_tensor_to_tensor_set(in, "x", NULL));
    REFUSED(nrt_get_tensor_from_tensor_set(in, "x", NULL));
    REFUSED(nrt_execute(NULL, in, out));
    REFUSED(nrt_execute(model, NULL, out));
    REFUSED(nrt_execute(model, in, NULL));
    REFUSED(nrta_execute_schedule(NULL, in, out, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_execute_schedule(model, NULL, out, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_execute_schedule(model, in, NULL, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_execute_schedule(model, in, out, 0, NULL, &seq));
    EXPECT(NRT_INVALID, nrta_execute_schedule(model, in, out, 0, &ret, NULL));
    EXPECT(NRT_INVALID, nrta_tensor_read(NULL, io->tensors[0], 0, 8, 0, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_tensor_write(NULL, &seq, 0, 8, 0, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_tensor_copy(NULL, 0, NULL, 0, 8, 0, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_is_completed(seq, NULL));
    REFUSED(nrta_cc_prepare(NULL, NULL, NULL, NRT_DTYPE_FLOAT32, NRT_OP_ADD, NRT_CC_ALLREDUCE, NULL));
    REFUSED(nrta_cc_schedule(NULL, 0, &ret, &seq));
    CHECK(ret == UNTOUCHED && seq == 77);
}

static void probe_numbers(nrt_model_t *model, struct io *io) {
    nrt_tensor_t *t = NULL, *first = io->tensors[0];
    size_t size = io->sizes[0];
    nrta_seq_t seq = 77;
    NRT_STATUS ret = UNTOUCHED;
    char buffer[8] = "";
    bool done;
    EXPECT(NRT_INVALID, nrt_tensor_allocate((nrt_tensor_placement_t)99, 0, 64, "t", &t));
    EXPECT(NRT_INVALID, nrt_tensor_allocate((nrt_tensor_placement_t)-1, 0, 64, "t", &t));
    EXPECT(NRT_INVALID, nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 9999, 64, "t", &t));
    EXPECT(NRT_INVALID, nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, -7, 64, "t", &t));
    REFUSED(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, SIZE_MAX, "t", &t));
    EXPECT(NRT_INVALID, nrt_tensor_read(first, buffer, size, 1));
    EXPECT(NRT_INVALID, nrt_tensor_read(first, buffer, SIZE_MAX, 8)); // wraps around
    EXPECT(NRT_INVALID, nrt_tensor_write(first, buffer, size - 1, 2));
    EXPECT(NRT_INVALID, nrt_tensor_allocate_slice(first, 1, size, "t", &t));
    CHECK(t == NULL);
    for (int queue = -2; queue < 100; queue++)
        if (queue != 0)
            EXPECT(NRT_INVALID, nrta_execute_schedule(model, io->inputs, io->outputs, queue, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_tensor_read(buffer, first, 0, 8, 0, 2, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_tensor_read(buffer, first, 0, 8, 999, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_tensor_read(buffer, first, 0, 8, -1, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_tensor_read(buffer, first, size, 8, 0, 0, &ret, &seq));
    EXPECT(NRT_INVALID, nrta_get_sequence(UINT32_MAX, NRTA_XU_COMPUTE, 0, &seq));
    EXPECT(NRT_INVALID, nrta_get_sequence(0, (nrta_xu_t)-1, 0, &seq));
    EXPECT(NRT_INVALID, nrta_get_sequence(0, (nrta_xu_t)1000, 0, &seq));
    EXPECT(NRT_INVALID, nrta_is_completed(UINT64_MAX, &done));
    EXPECT(NRT_INVALID, nrta_event_register_xu_completion(-1, NRTA_XU_COMPUTE, 0, 0));
    EXPECT(NRT_INVALID, nrta_event_register_xu_completion(0, (nrta_xu_t)77, 0, 0));
    (void)nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, 1 << 20); // no such fd
    (void)nrta_event_register_xu_completion(0, NRTA_XU_COMPUTE, 0, -1);
    (void)nrt_init((nrt_framework_type_t)12345, "", "");
    CHECK(ret == UNTOUCHED && seq == 77);
}

static void probe_handles(nrt_model_t *model, struct io *io, const void *neff, size_t size) {
    nrt_tensor_t *t = NULL, *copy, *junk = (nrt_tensor_t *)(uintptr_t)0x1234567;
    nrt_tensor_set_t *set = NULL, *gone;
    nrt_model_t *m = NULL;
    nrta_seq_t seq = 77;
    NRT_STATUS ret = UNTOUCHED;
    char byte = 0;
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 64, "t", &t));
    copy = t;
    nrt_tensor_free(&t);
    REFUSED(nrt_tensor_read(copy, &byte, 0, 1));
    REFUSED(nrt_tensor_write(copy, &byte, 0, 1));
    REFUSED(nrta_tensor_read(&byte, copy, 0, 1, 0, 0, &ret, &seq));
    nrt_tensor_free(&copy); // twice
    REFUSED(nrt_tensor_read(junk, &byte, 0, 1));
    nrt_tensor_free(&junk);
    OK(nrt_allocate_tensor_set(&set));
    gone = set;
    nrt_destroy_tensor_set(&set);
    REFUSED(nrta_execute_schedule(model, gone, io->outputs, 0, &ret, &seq));
    nrt_destroy_tensor_set(&gone); // twice
    OK(nrt_load(neff, size, 0, -1, &m));
    OK(nrt_unload(m));
    EXPECT(NRT_INVALID_HANDLE, nrt_unload(m));
    EXPECT(NRT_INVALID_HANDLE, nrta_execute_schedule(m, io->inputs, io->outputs, 0, &ret, &seq));
    REFUSED(nrt_execute(m, io->inputs, io->outputs));
    // One kind of handle in the place of another.
    REFUSED(nrt_unload((nrt_model_t *)io->tensors[0]));
    REFUSED(nrt_tensor_read((nrt_tensor_t *)model, &byte, 0, 1));
    REFUSED(nrta_execute_schedule(model, io->tensors[0], io->outputs, 0, &ret, &seq));
    // The sets the other way round: the names are missing.
    EXPECT(NRT_INVALID, nrta_execute_schedule(model, io->outputs, io->inputs, 0, &ret, &seq));
    CHECK(ret == UNTOUCHED && seq == 77);
}

// Functions called as if they had another prototype, where checks of values catch it.
static void probe_signatures(struct io *io) {
    typedef NRT_STATUS three_arguments(uint32_t lnc, int xu, nrta_seq_t *seq); // as in a sample of the vendor
    typedef NRT_STATUS write_2_28(nrt_tensor_t *, const void *, uint64_t, uint64_t, int queue, void *tracker,
                                  nrta_seq_t *);
    typedef NRT_STATUS no_arguments(void);
    // Volatile, or the compiler puts a trap in the place of such calls.
    void *volatile get = (void *)nrta_get_sequence, *volatile write = (void *)nrta_tensor_write;
    void *volatile drain_core = (void *)nrt_async_drain_queued_execs;
    nrta_seq_t seq = 77;
    char tracker[64] = "";
    REFUSED(((three_arguments *)get)(0, NRTA_XU_COMPUTE, &seq));
    REFUSED(((write_2_28 *)write)(io->tensors[0], tracker, 0, 1, 0, tracker, &seq));
    (void)((no_arguments *)drain_core)();
    CHECK(seq == 77);
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    size_t size;
    void *neff = read_file(argv[1], &size);
    struct io io;
    io_open(&io, model, 0);
    uint64_t wanted = run_blocking(model, &io, 1);
    for (int round = 0; round < 3; round++) {
        probe_missing_arguments(model, &io, neff, size);
        probe_numbers(model, &io);
        probe_handles(model, &io, neff, size);
        probe_signatures(&io);
        CHECK(run_blocking(model, &io, 1) == wanted); // all in order
    }
    NRT_STATUS exec_ret = UNTOUCHED;
    CHECK(NRTA_SEQ_GET_SEQ_NUM(submit(model, &io, &exec_ret)) == 5); // refused calls took no number
    free(neff);
    nrt_close();
    CHECK(exec_ret == NRT_SUCCESS);
    REFUSED(nrt_unload(model)); // handles of a closed runtime
    REFUSED(nrt_execute(model, io.inputs, io.outputs));
    io_close(&io);
    return ok();
}
