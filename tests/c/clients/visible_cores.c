// run: visible_cores {neff} 2 -> 0
// run: NEURON_RT_VISIBLE_CORES=0 visible_cores {neff} 1 -> 0
// run: NEURON_RT_VISIBLE_CORES=1 visible_cores {neff} 1 -> 0
// run: NEURON_RT_VISIBLE_CORES=0-1 visible_cores {neff} 2 -> 0
// run: NEURON_RT_VISIBLE_CORES=0,1 visible_cores {neff} 2 -> 0
// run: NEURON_RT_NUM_CORES=1 visible_cores {neff} 1 -> 0
// run: NEURON_RT_NUM_CORES=2 NEURON_RT_VISIBLE_CORES=1 visible_cores {neff} 1 -> 0
// run: NEURON_RT_VISIBLE_CORES=3,5,6 visible_cores {neff} bad -> 0
// run: NEURON_RT_VISIBLE_CORES=banana visible_cores {neff} bad -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// What the environment makes visible counts from 0; a core past it is status 2. Argument 2: how many
// cores there must be, or "bad" where nrt_init must refuse. For a device of two logical cores.

#include "../guide/guide.h"

int main(int argc, char **argv) {
    CHECK(argc == 3);
    alarm(12 * DEADLINE_S);
    if (strcmp(argv[2], "bad") == 0) {
        NRT_STATUS ret = nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", "");
        CHECK(ret == NRT_INVALID || ret == NRT_FAILURE);
        nrt_tensor_t *tensor;
        EXPECT(NRT_UNINITIALIZED, nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 64, NULL, &tensor));
        return ok();
    }

    uint32_t wanted = (uint32_t)atoi(argv[2]), visible = 0;
    OK(nrt_get_visible_vnc_count(&visible));
    CHECK(visible == wanted);
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    OK(nrt_get_visible_nc_count(&visible));
    CHECK(visible == wanted);

    int past = (int)wanted;
    size_t size;
    void *neff = read_file(argv[1], &size);
    nrt_model_t *model = NULL;
    nrt_tensor_t *tensor = NULL;
    nrta_seq_t seq;
    EXPECT(NRT_INVALID, nrt_load(neff, size, past, 1, &model));
    EXPECT(NRT_INVALID, nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, past, 64, NULL, &tensor));
    EXPECT(NRT_INVALID, nrta_get_sequence((uint32_t)past, NRTA_XU_COMPUTE, 0, &seq));
    EXPECT(NRT_INVALID, nrta_event_register_xu_completion(past, NRTA_XU_COMPUTE, 0, -1));
    free(neff);

    uint64_t first = 0;
    for (int core = 0; core < past; core++) {
        model = load_model(argv[1], core);
        struct io io;
        io_open(&io, model, core);
        uint64_t result = run_blocking(model, &io, 1);
        CHECK(core == 0 || result == first); // the same model on every core
        first = result;
        io_close(&io);
        OK(nrt_unload(model));
    }
    nrt_close();
    return ok();
}
