// run: null_names {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// NULL for names and versions, framework 0, and every pair of (vnc, vnc_count) that programs pass.

#include "../guide/guide.h"

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    alarm(12 * DEADLINE_S);
    OK(nrt_init(NRT_FRAMEWORK_TYPE_INVALID, NULL, NULL));

    size_t size;
    void *neff = read_file(argv[1], &size);
    static const int pairs[][2] = {{-1, -1}, {0, 1}, {0, -1}, {1, 1}, {1, -1}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        nrt_model_t *model = NULL;
        OK(nrt_load(neff, size, pairs[i][0], pairs[i][1], &model));
        nrt_model_info_t info = {UINT32_MAX};
        size_t written = 0;
        OK(nrt_get_model_info(model, &info, sizeof info, &written));
        CHECK(written == sizeof info && info.vnc < 2);
        CHECK(pairs[i][0] < 0 || info.vnc == (uint32_t)pairs[i][0]);

        struct io io;
        io_open(&io, model, (int)info.vnc);
        uint64_t result = run_blocking(model, &io, 1);
        CHECK(run_blocking(model, &io, 1) == result);
        io_close(&io);
        OK(nrt_unload(model));
    }
    free(neff);

    nrt_tensor_t *tensor = NULL, *slice = NULL, *empty = NULL;
    char bytes[16] = "nameless", back[16] = "";
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 64, NULL, &tensor));
    OK(nrt_tensor_allocate_slice(tensor, 16, 16, NULL, &slice));
    OK(nrt_tensor_allocate_empty(NULL, &empty));
    OK(nrt_tensor_write(slice, bytes, 0, sizeof bytes));
    OK(nrt_tensor_read(tensor, back, 16, sizeof back));
    CHECK(memcmp(bytes, back, sizeof bytes) == 0);
    nrt_tensor_free(&empty);
    nrt_tensor_free(&tensor);
    nrt_tensor_free(&slice);
    CHECK(!tensor && !slice && !empty);
    nrt_close();
    return ok();
}
