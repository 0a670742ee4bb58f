// run: free_in_static_destructor {neff} open -> 0
// run: free_in_static_destructor {neff} closed -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Tensors, a set and a model that objects of static storage free after main, with the runtime open or
// closed by then.

#include "../guide/guide.h"

// Made before the library is used, so destroyed late.
struct Cache {
    nrt_model_t *model = nullptr;
    struct io io = {};
    nrt_tensor_t *spare[4] = {};

    ~Cache() {
        for (nrt_tensor_t *&tensor : spare)
            nrt_tensor_free(&tensor);
        io_close(&io);
        if (model)
            nrt_unload(model); // any status will do
        size_t size = 0;
        void *neff = nullptr;
        nrt_model_t *late = nullptr;
        (void)nrt_load(neff, size, 0, -1, &late);
        nrt_close();
        nrt_close();
        puts("ok");
        fflush(stdout);
    }
};

static Cache cache;

int main(int argc, char **argv) {
    cache.model = start(argc, argv);
    CHECK(argc == 3);
    io_open(&cache.io, cache.model, 0);
    for (nrt_tensor_t *&tensor : cache.spare)
        OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 1 << 20, nullptr, &tensor));
    static NRT_STATUS exec_rets[4];
    io_fill(&cache.io, 1);
    for (NRT_STATUS &exec_ret : exec_rets)
        submit(cache.model, &cache.io, &exec_ret);
    if (strcmp(argv[2], "closed") == 0)
        nrt_close();
    return 0;
}
