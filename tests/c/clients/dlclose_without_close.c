// run: dlclose_without_close {neff} -> 0
// link: none
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A program opens the library, starts work, and closes the library without nrt_close. The code must stay
// where it is: threads run in it, and the program may call late.

#define _GNU_SOURCE
#include "opened.h"

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    alarm(12 * DEADLINE_S);
    void *library = open_library("libnrt.so.1");
    FUNCTION(library, nrt_init);
    FUNCTION(library, nrt_load);
    FUNCTION(library, nrt_get_model_tensor_info);
    FUNCTION(library, nrt_free_model_tensor_info);
    FUNCTION(library, nrt_allocate_tensor_set);
    FUNCTION(library, nrt_add_tensor_to_tensor_set);
    FUNCTION(library, nrt_tensor_allocate);
    FUNCTION(library, nrt_tensor_free);
    FUNCTION(library, nrta_execute_schedule);
    FUNCTION(library, nrta_is_completed);

    OK(nrt_init_(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    size_t size;
    void *neff = read_file(argv[1], &size);
    nrt_model_t *model;
    OK(nrt_load_(neff, size, 0, -1, &model));
    nrt_tensor_info_array_t *info = NULL;
    OK(nrt_get_model_tensor_info_(model, &info));
    nrt_tensor_set_t *sets[2]; // inputs, outputs
    nrt_tensor_t *tensor = NULL;
    OK(nrt_allocate_tensor_set_(&sets[0]));
    OK(nrt_allocate_tensor_set_(&sets[1]));
    for (uint64_t i = 0; i < info->tensor_count; i++) {
        const nrt_tensor_info_t *t = &info->tensor_array[i];
        OK(nrt_tensor_allocate_(NRT_TENSOR_PLACEMENT_DEVICE, 0, t->size, NULL, &tensor));
        OK(nrt_add_tensor_to_tensor_set_(sets[t->usage == NRT_TENSOR_USAGE_OUTPUT], t->name, tensor));
    }
    OK(nrt_free_model_tensor_info_(info));

    static NRT_STATUS exec_rets[8];
    nrta_seq_t seq = 0;
    for (int i = 0; i < 8; i++)
        OK(nrta_execute_schedule_(model, sets[0], sets[1], 0, &exec_rets[i], &seq));

    CHECK(dlclose(library) == 0);
    void *still = dlopen("libnrt.so.1", RTLD_NOW | RTLD_NOLOAD);
    CHECK(still != NULL); // it was not unloaded
    dlclose(still);

    bool done = false;
    for (double end = seconds() + DEADLINE_S; !done; usleep(100)) {
        OK(nrta_is_completed_(seq, &done));
        CHECK(seconds() < end);
    }
    for (int i = 0; i < 8; i++)
        CHECK(exec_rets[i] == NRT_SUCCESS);
    nrt_tensor_free_(&tensor);
    CHECK(tensor == NULL);
    free(neff);
    return ok();
}
