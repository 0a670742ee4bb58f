// run: two_epochs_dlvsym {neff} -> 0
// link: none
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Both forms of the eight names live in one library: dlsym gives the later, dlvsym either; what exists
// once only, exists at its own version only.

#define _GNU_SOURCE
#include "opened.h"

int main(int argc, char **argv) {
    static const char *const both[] = {
        "nrta_tensor_write", "nrta_tensor_read",  "nrta_tensor_copy", "nrta_execute_schedule",
        "nrta_cc_schedule",  "nrta_get_sequence", "nrta_cc_prepare",  "nrta_is_completed",
    };
    static const char *const old[] = {
        "nrta_get_completion_handle", "nrta_error_tracker_create", "nrta_error_tracker_destroy",
        "nrta_error_tracker_get_list", "nrt_init", "nrt_execute", "nrt_tensor_allocate",
    };
    static const char *const later[] = {
        "nrta_event_register_seq_id_completion",
        "nrta_event_register_xu_completion",
    };
    CHECK(argc >= 2);
    void *library = open_library("libnrt.so.1");
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++) {
        void *v2 = dlvsym(library, both[i], "NRT_2.0.0"), *v3 = dlvsym(library, both[i], "NRT_3.0.0");
        CHECK(v2 && v3);
        CHECK(dlsym(library, both[i]) == v3);
        CHECK(v2 != v3 || i >= 6); // the last two did not change
    }
    for (size_t i = 0; i < sizeof old / sizeof old[0]; i++) {
        CHECK(dlsym(library, old[i]) != NULL);
        CHECK(dlvsym(library, old[i], "NRT_2.0.0") == dlsym(library, old[i]));
        CHECK(dlvsym(library, old[i], "NRT_3.0.0") == NULL);
    }
    for (size_t i = 0; i < sizeof later / sizeof later[0]; i++) {
        CHECK(dlsym(library, later[i]) != NULL);
        CHECK(dlvsym(library, later[i], "NRT_3.0.0") == dlsym(library, later[i]));
        CHECK(dlvsym(library, later[i], "NRT_2.0.0") == NULL);
    }

    // Two bodies, two numberings of units: compute is 1 now and was 3.
    typedef NRT_STATUS get_sequence_2_28(uint32_t lnc, int xu, int queue, nrta_seq_t *seq);
    get_sequence_2_28 *old_get = (get_sequence_2_28 *)dlvsym(library, "nrta_get_sequence", "NRT_2.0.0");
    FUNCTION(library, nrta_get_sequence);
    FUNCTION(library, nrt_init);
    FUNCTION(library, nrt_close);
    FUNCTION(library, nrt_load);
    nrta_seq_t was, is;
    EXPECT(NRT_UNINITIALIZED, old_get(0, 3, 0, &was));
    OK(nrt_init_(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    size_t size;
    void *neff = read_file(argv[1], &size);
    nrt_model_t *model;
    OK(nrt_load_(neff, size, 0, -1, &model));
    OK(nrta_get_sequence_(0, NRTA_XU_COMPUTE, 0, &is));
    OK(old_get(0, 3, 0, &was));
    CHECK(NRTA_SEQ_GET_SEQ_NUM(is) == 0 && NRTA_SEQ_GET_SEQ_NUM(was) == 0);
    OK(old_get(0, 4, 0, &was));
    EXPECT(NRT_INVALID, old_get(0, 5, 0, &was));
    EXPECT(NRT_INVALID, nrta_get_sequence_(0, (nrta_xu_t)3, 0, &is));
    nrt_close_();
    free(neff);
    return ok();
}
