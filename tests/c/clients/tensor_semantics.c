// run: NEURON_RT_MAP_HBM=1 tensor_semantics {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Tensors: slices, bounds, attached buffers, copies, memset, batches, sets, completion counters, where
// they lie, and their bytes seen through addresses, a dmabuf and the mapped bank.

#include "../guide/guide.h"

#include <sys/mman.h>

#define SIZE 65536

static nrt_tensor_t *device(int core, size_t size) {
    nrt_tensor_t *tensor = NULL;
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, core, size, "t", &tensor));
    CHECK(tensor && nrt_tensor_get_size(tensor) == size);
    return tensor;
}

static int byte_at(const nrt_tensor_t *tensor, size_t offset) {
    unsigned char byte;
    OK(nrt_tensor_read(tensor, &byte, offset, 1));
    return byte;
}

static void slices_and_bounds(void) {
    nrt_tensor_t *whole = device(0, 100), *part = NULL, *inner = NULL, *out = NULL;
    unsigned char bytes[100];
    for (int i = 0; i < 100; i++)
        bytes[i] = (unsigned char)i;
    OK(nrt_tensor_write(whole, bytes, 0, 100));
    OK(nrt_tensor_allocate_slice(whole, 20, 50, "part", &part));
    OK(nrt_tensor_allocate_slice(part, 10, 40, "inner", &inner)); // offsets compose
    CHECK(nrt_tensor_get_size(inner) == 40);
    CHECK(byte_at(part, 0) == 20 && byte_at(inner, 0) == 30 && byte_at(inner, 39) == 69);
    CHECK((char *)nrt_tensor_get_va(inner) == (char *)nrt_tensor_get_va(whole) + 30);
    OK(nrt_tensor_write(inner, "\xff", 5, 1)); // the bytes are shared
    CHECK(byte_at(whole, 35) == 0xff);
    // The limit is the view, not what lies under it.
    EXPECT(NRT_INVALID, nrt_tensor_allocate_slice(part, 11, 40, "out", &out));
    EXPECT(NRT_INVALID, nrt_tensor_read(inner, bytes, 0, 41));
    EXPECT(NRT_INVALID, nrt_tensor_write(inner, bytes, 40, 1));
    EXPECT(NRT_INVALID, nrt_tensor_memset(inner, 39, 0, 2));
    EXPECT(NRT_INVALID, nrt_tensor_copy(inner, 0, part, 20, 40));
    nrt_tensor_free(&whole); // the last view keeps the bytes
    nrt_tensor_free(&part);
    CHECK(byte_at(inner, 5) == 0xff && byte_at(inner, 6) == 36);
    nrt_tensor_free(&inner);
}

static void attach_copy_memset_batch(void) {
    static unsigned char mine[256], back[256], more[64];
    nrt_tensor_t *host = NULL, *a = device(0, 256), *b = device(0, 256), *far = device(1, 256);
    OK(nrt_tensor_allocate_empty("empty", &host));
    OK(nrt_tensor_attach_buffer(host, mine, sizeof mine));
    CHECK(nrt_tensor_get_size(host) == sizeof mine && nrt_tensor_get_va(host) == mine);
    OK(nrt_tensor_memset(a, 0, 0x1a5, 256)); // the low byte counts
    OK(nrt_tensor_memset(a, 16, 0x77, 8));
    CHECK(byte_at(a, 15) == 0xa5 && byte_at(a, 16) == 0x77 && byte_at(a, 24) == 0xa5);
    OK(nrt_tensor_copy(a, 8, host, 0, 32)); // device to host: our own buffer
    CHECK(mine[7] == 0xa5 && mine[8] == 0x77 && mine[32] == 0);
    mine[0] = 0x42;
    OK(nrt_tensor_copy(host, 0, b, 100, 1)); // host to device
    CHECK(byte_at(b, 100) == 0x42);
    OK(nrt_tensor_copy(b, 100, a, 0, 1)); // within the core
    CHECK(byte_at(a, 0) == 0x42);
    EXPECT(NRT_INVALID, nrt_tensor_copy(a, 0, far, 0, 1)); // another bank
    NRT_STATUS ret = UNTOUCHED;
    nrta_seq_t seq;
    EXPECT(NRT_INVALID, nrta_tensor_copy(a, 0, far, 0, 1, 0, 0, &ret, &seq));
    OK(nrta_tensor_copy(a, 0, b, 200, 1, 0, 0, &ret, &seq));
    wait_for(seq);
    CHECK(ret == NRT_SUCCESS && byte_at(b, 200) == 0x42);

    for (int i = 0; i < 64; i++)
        more[i] = (unsigned char)(i + 1);
    nrt_tensor_batch_op_t on_a[] = {{0, 16, more}, {240, 16, more + 16}}, on_b[] = {{64, 32, more + 32}};
    nrt_tensor_batch_op_t out_a[] = {{0, 16, back}, {240, 16, back + 16}}, out_b[] = {{64, 32, back + 32}};
    nrt_tensor_batch_t writes[] = {{a, on_a, 2}, {b, on_b, 1}}, reads[] = {{a, out_a, 2}, {b, out_b, 1}};
    OK(nrt_tensor_write_batch(writes, 2, false));
    OK(nrt_tensor_read_batch(reads, 2, false));
    CHECK(memcmp(back, more, 64) == 0);
    on_a[1].offset = 241;
    EXPECT(NRT_INVALID, nrt_tensor_write_batch(writes, 1, false));
    nrt_tensor_free(&host); // the buffer stays ours
    CHECK(mine[8] == 0x77);
    nrt_tensor_free(&a);
    nrt_tensor_free(&b);
    nrt_tensor_free(&far);
}

static void sets_and_counters(nrt_model_t *model) {
    struct io io;
    io_open(&io, model, 0);
    nrt_tensor_t *found = (nrt_tensor_t *)&io, *spare = device(0, 64), *host = NULL, *large, *slice, *out = NULL;
    EXPECT(NRT_FAILURE, nrt_get_tensor_from_tensor_set(io.inputs, "no such name", &found));
    CHECK(found == (nrt_tensor_t *)&io); // untouched
    OK(nrt_add_tensor_to_tensor_set(io.inputs, "extra", spare));
    OK(nrt_get_tensor_from_tensor_set(io.inputs, "extra", &found));
    CHECK(found == spare);
    OK(nrt_add_tensor_to_tensor_set(io.inputs, "extra", io.tensors[0])); // replaces, and one may stand in twice
    OK(nrt_get_tensor_from_tensor_set(io.inputs, "extra", &found));
    CHECK(found == io.tensors[0]);

    // A run counts on each output; extra names do no harm to scheduled runs.
    for (uint64_t i = 0; i < io.count; i++)
        if (!io.is_input[i])
            out = io.tensors[i];
    OK(nrt_tensor_reset_output_completion(out));
    EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(out, 1000, 1));
    io_fill(&io, 1);
    NRT_STATUS rets[3], ret = UNTOUCHED;
    nrta_seq_t seq = 0;
    for (int i = 0; i < 3; i++)
        seq = submit(model, &io, &rets[i]);
    OK(nrt_tensor_check_output_completion(out, DEADLINE_S * 1000000, 3)); // microseconds
    OK(nrt_tensor_check_output_completion(out, 0, 2));
    wait_for(seq);
    EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(out, 0, 4));
    OK(nrt_tensor_reset_output_completion(out));
    EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(out, 0, 1));
    OK(nrt_tensor_allocate_slice(out, 0, 1, NULL, &slice)); // with a counter of its own
    EXPECT(NRT_TIMEOUT, nrt_tensor_check_output_completion(slice, 0, 1));
    nrt_tensor_free(&slice);

    // Larger than the model asks for is fine, smaller and host memory are not.
    nrt_tensor_info_array_t *info = NULL;
    OK(nrt_get_model_tensor_info(model, &info));
    const nrt_tensor_info_t *first = &info->tensor_array[0];
    nrt_tensor_set_t *set = first->usage == NRT_TENSOR_USAGE_INPUT ? io.inputs : io.outputs;
    OK(nrt_tensor_allocate_slice(io.tensors[0], 0, first->size - 1, NULL, &slice));
    OK(nrt_add_tensor_to_tensor_set(set, first->name, slice));
    EXPECT(NRT_INVALID, nrta_execute_schedule(model, io.inputs, io.outputs, 0, &ret, &seq));
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_HOST, -1, first->size, NULL, &host));
    OK(nrt_add_tensor_to_tensor_set(set, first->name, host));
    EXPECT(NRT_INVALID, nrta_execute_schedule(model, io.inputs, io.outputs, 0, &ret, &seq));
    large = device(0, first->size + 100);
    OK(nrt_add_tensor_to_tensor_set(set, first->name, large));
    wait_for(submit(model, &io, &ret));
    CHECK(ret == NRT_SUCCESS);
    OK(nrt_free_model_tensor_info(info));
    io_close(&io);
    nrt_tensor_free(&large);
    nrt_tensor_free(&host);
    nrt_tensor_free(&slice);
    nrt_tensor_free(&spare);
}

static void seen_from_outside(void) {
    nrt_tensor_t *a = device(0, SIZE), *b = device(0, SIZE), *far = device(1, SIZE), *host = NULL;
    nrt_tensor_device_allocation_info_t at_a, at_b, at_far;
    OK(nrt_tensor_get_device_allocation_info(a, &at_a));
    OK(nrt_tensor_get_device_allocation_info(b, &at_b));
    OK(nrt_tensor_get_device_allocation_info(far, &at_far));
    CHECK(at_a.size >= SIZE && at_b.size >= SIZE && at_far.size >= SIZE);
    CHECK(at_a.hbm_index == at_b.hbm_index);
    CHECK(at_a.hbm_index != at_far.hbm_index); // one bank for each core of a trn1
    CHECK(at_a.physical_address + at_a.size <= at_b.physical_address ||
          at_b.physical_address + at_b.size <= at_a.physical_address);
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_HOST, -1, 64, NULL, &host));
    EXPECT(NRT_INVALID, nrt_tensor_get_device_allocation_info(host, &at_b));

    unsigned char *va = (unsigned char *)nrt_tensor_get_va(a), byte;
    CHECK(va != NULL);
    va[SIZE - 1] = 0x5a; // by the CPU
    CHECK(byte_at(a, SIZE - 1) == 0x5a);
    OK(nrt_tensor_memset(a, 0, 0x33, 1));
    CHECK(va[0] == 0x33);

    // The same bytes through a dmabuf, also after the tensor's address has been used.
    int fd = -1;
    OK(nrt_get_dmabuf_fd((uint64_t)(uintptr_t)va, SIZE, &fd));
    CHECK(fd >= 0);
    unsigned char *map = (unsigned char *)mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    CHECK(map[0] == 0x33 && map[SIZE - 1] == 0x5a);
    map[1] = 0x44;
    CHECK(byte_at(a, 1) == 0x44 && va[1] == 0x44);
    munmap(map, SIZE);
    close(fd);
    EXPECT(NRT_INVALID, nrt_get_dmabuf_fd((uint64_t)(uintptr_t)&byte, 1, &fd)); // not device memory
    EXPECT(NRT_INVALID, nrt_get_dmabuf_fd((uint64_t)(uintptr_t)va, SIZE, NULL));

    void *bank = NULL;
    size_t size = 0;
    OK(nrt_get_hbm_mmap_va(0, at_a.hbm_index, &bank, &size));
    CHECK(bank != NULL && size >= SIZE);
    byte = *(volatile unsigned char *)bank;
    byte ^= ((volatile unsigned char *)bank)[size - 1];
    EXPECT(NRT_INVALID_HANDLE, nrt_get_hbm_mmap_va(0, 99, &bank, &size));
    EXPECT(NRT_INVALID, nrt_get_hbm_mmap_va(0, 0, NULL, &size));
    nrt_tensor_free(&a);
    nrt_tensor_free(&b);
    nrt_tensor_free(&far);
    nrt_tensor_free(&host);
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    for (int round = 0; round < 3; round++) {
        slices_and_bounds();
        attach_copy_memset_batch();
        sets_and_counters(model);
        seen_from_outside();
    }
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
