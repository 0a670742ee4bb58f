// run: out_of_memory_retry {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Device memory runs out: NRT_RESOURCE, the program frees what it cached, and the retry succeeds.

#include "../guide/guide.h"

#define BLOCK ((size_t)1 << 30)
#define BLOCKS_MAX 256

static size_t used(size_t *limit) {
    nrt_vnc_memory_stats_t stats;
    size_t written = 0;
    OK(nrt_get_vnc_memory_stats(0, &stats, sizeof stats, &written));
    CHECK(written == sizeof stats && stats.bytes_used <= stats.bytes_limit);
    *limit = stats.bytes_limit;
    return stats.bytes_used;
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    struct io io;
    io_open(&io, model, 0);
    uint64_t wanted = run_blocking(model, &io, 1);

    static nrt_tensor_t *blocks[BLOCKS_MAX];
    size_t limit, at_first = used(&limit), full;
    for (int round = 0; round < 3; round++) {
        int count = 0;
        NRT_STATUS ret;
        nrt_tensor_t *untouched = (nrt_tensor_t *)&limit, *one_more = untouched;
        while ((ret = nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, BLOCK, "cache", &one_more)) == NRT_SUCCESS) {
            CHECK(count < BLOCKS_MAX);
            blocks[count++] = one_more;
            one_more = untouched;
        }
        CHECK(ret == NRT_RESOURCE);
        CHECK(one_more == untouched); // nothing is handed out
        CHECK(count >= 1 && (size_t)count * BLOCK <= limit);
        full = used(&limit);
        CHECK(full >= at_first + (size_t)count * BLOCK);
        EXPECT(NRT_RESOURCE, nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, (size_t)1 << 50, NULL, &one_more));

        // Another core has memory of its own, and this one still runs what it has.
        nrt_tensor_t *elsewhere;
        OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 1, BLOCK, NULL, &elsewhere));
        nrt_tensor_free(&elsewhere);
        CHECK(run_blocking(model, &io, 1) == wanted);

        nrt_tensor_free(&blocks[--count]);
        OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, BLOCK, NULL, &one_more)); // the retry
        nrt_tensor_free(&one_more);
        while (count > 0)
            nrt_tensor_free(&blocks[--count]);
        CHECK(used(&limit) == at_first); // no leak from failed calls
    }
    io_close(&io);
    OK(nrt_unload(model));
    nrt_close();
    return ok();
}
