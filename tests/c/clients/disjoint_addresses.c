// run: disjoint_addresses -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Every live tensor has an address range of its own, aligned to a page, that the CPU reads and writes;
// a table from address to tensor can be built on it.

#include "../guide/guide.h"

#define TENSORS 300

struct entry {
    nrt_tensor_t *tensor;
    unsigned char *va;
    size_t size;
};

static int by_address(const void *a, const void *b) {
    const struct entry *x = (const struct entry *)a, *y = (const struct entry *)b;
    return (x->va > y->va) - (x->va < y->va);
}

int main(void) {
    static const size_t sizes[] = {1, 7, 64, 4095, 4096, 4097, 65536, 1 << 20};
    static struct entry table[TENSORS];
    uint32_t cores;
    alarm(12 * DEADLINE_S);
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    OK(nrt_get_visible_vnc_count(&cores));

    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < TENSORS; i++) {
            struct entry *e = &table[i];
            if (e->tensor)
                continue;
            e->size = sizes[i % 8];
            OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, (int)(i % cores), e->size, NULL, &e->tensor));
            e->va = (unsigned char *)nrt_tensor_get_va(e->tensor);
            CHECK(e->va != NULL && nrt_tensor_get_size(e->tensor) == e->size);
            CHECK((uintptr_t)e->va % 4096 == 0);
        }
        qsort(table, TENSORS, sizeof table[0], by_address);
        for (int i = 0; i + 1 < TENSORS; i++)
            CHECK(table[i].va + table[i].size <= table[i + 1].va);

        // Written by the CPU, seen by the device; and the other way round.
        for (int i = 0; i < TENSORS; i++)
            memset(table[i].va, i + round, table[i].size);
        for (int i = 0; i < TENSORS; i++) {
            unsigned char last, next = (unsigned char)~(i + round);
            OK(nrt_tensor_read(table[i].tensor, &last, table[i].size - 1, 1));
            CHECK(last == (unsigned char)(i + round));
            OK(nrt_tensor_write(table[i].tensor, &next, 0, 1));
            CHECK(table[i].va[0] == next);
            CHECK(nrt_tensor_get_va(table[i].tensor) == table[i].va); // it does not move
        }
        for (int i = round; i < TENSORS; i += 2)
            nrt_tensor_free(&table[i].tensor); // half of them make room for the next round
    }
    for (int i = 0; i < TENSORS; i++)
        nrt_tensor_free(&table[i].tensor);
    nrt_close();
    return ok();
}
