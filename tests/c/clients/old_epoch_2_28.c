// run: old_epoch_2_28 {neff} -> 0
// run: NRT_SIM_FAULTS=rule=[{unit="compute",core=0,nth=3,status=1202}] old_epoch_2_28 {neff} 3 1202 -> 0
// link: none
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The forms of SDK 2.28, at version NRT_2.0.0: an error tracker in place of the status, a completion
// handle in place of the events, compute as unit 3. Arguments 2 and 3: the request (from 1) that a fault
// plan lets fail, and how.

#define _GNU_SOURCE
#define NRT_SIM_API_2_28 // the header in its form of 2.28
#include "opened.h"

#define OLD(library, name) \
    __typeof__(&name) const name##_ = (__typeof__(&name))dlvsym(library, #name, "NRT_2.0.0"); \
    CHECK(name##_ != NULL)
#define REQUESTS 6

int main(int argc, char **argv) {
    CHECK(argc >= 2);
    alarm(12 * DEADLINE_S);
    int failing = argc > 3 ? atoi(argv[2]) - 1 : REQUESTS, fault = argc > 3 ? atoi(argv[3]) : 0;
    void *library = open_library("libnrt.so.1");
    OLD(library, nrt_init);
    OLD(library, nrt_close);
    OLD(library, nrt_load);
    OLD(library, nrt_get_model_tensor_info);
    OLD(library, nrt_free_model_tensor_info);
    OLD(library, nrt_allocate_tensor_set);
    OLD(library, nrt_add_tensor_to_tensor_set);
    OLD(library, nrt_tensor_allocate);
    OLD(library, nrta_execute_schedule);
    OLD(library, nrta_tensor_write);
    OLD(library, nrta_tensor_read);
    OLD(library, nrta_is_completed);
    OLD(library, nrta_get_sequence);
    OLD(library, nrta_get_completion_handle);
    OLD(library, nrta_error_tracker_create);
    OLD(library, nrta_error_tracker_destroy);
    OLD(library, nrta_error_tracker_get_list);

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

    nrta_error_tracker_t *tracker = NULL;
    const nrta_error_t *errors = NULL;
    size_t error_count = 99;
    OK(nrta_error_tracker_create_(0, &tracker));
    CHECK(tracker != NULL);

    // Reads and writes have units of their own here, and no lnc_idx.
    char sent[8] = "2.28", back[8] = "";
    nrta_seq_t seq, seqs[REQUESTS];
    int fd = -1;
    OK(nrt_tensor_allocate_(NRT_TENSOR_PLACEMENT_DEVICE, 0, 64, NULL, &tensor));
    OK(nrta_tensor_write_(tensor, sent, 8, sizeof sent, 0, tracker, &seq));
    CHECK(NRTA_SEQ_GET_SEQ_NUM(seq) == 1);
    OK(nrta_get_completion_handle_(seq, &fd));
    CHECK(readable(fd, DEADLINE_S * 1000));
    close(fd);
    OK(nrta_tensor_read_(back, tensor, 8, sizeof back, 0, tracker, &seq));
    CHECK(NRTA_SEQ_GET_SEQ_NUM(seq) == 1);
    OK(nrta_get_completion_handle_(seq, &fd));
    CHECK(readable(fd, DEADLINE_S * 1000));
    close(fd);
    CHECK(memcmp(sent, back, sizeof sent) == 0);

    int accepted = 0;
    for (; accepted < REQUESTS; accepted++) {
        NRT_STATUS ret = nrta_execute_schedule_(model, sets[0], sets[1], 0, tracker, &seqs[accepted]);
        if (ret == NRT_EXEC_UNIT_UNRECOVERABLE && accepted > failing)
            break;
        OK(ret);
        CHECK(NRTA_SEQ_GET_SEQ_NUM(seqs[accepted]) == (nrta_seq_t)accepted + 1);
    }
    for (int i = 0; i < accepted; i++) {
        bool done = false;
        OK(nrta_get_completion_handle_(seqs[i], &fd)); // pending or completed
        CHECK(fd >= 0 && readable(fd, DEADLINE_S * 1000));
        CHECK(readable(fd, 0)); // and stays so: only poll and close are allowed
        close(fd);
        OK(nrta_is_completed_(seqs[i], &done));
        CHECK(done);
    }
    OK(nrta_get_sequence_(0, NRTA_XU_COMPUTE, 0, &seq)); // 3, not 1
    CHECK(seq == seqs[accepted - 1]);

    // The tracker knows the request that failed and those drained behind it, oldest first.
    OK(nrta_error_tracker_get_list_(tracker, &errors, &error_count));
    CHECK(error_count == (size_t)(failing < accepted ? accepted - failing : 0));
    for (size_t i = 0; i < error_count; i++) {
        CHECK(errors[i].seq_id == seqs[failing + (int)i]);
        CHECK(errors[i].error_code == (uint64_t)(i == 0 ? fault : NRT_EXEC_UNIT_UNRECOVERABLE));
    }
    nrta_error_tracker_destroy_(tracker);
    nrt_close_();
    free(neff);
    return ok();
}
