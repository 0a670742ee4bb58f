// run: close_ends_waits {neff} -> 0
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// A thread that waits for outputs without limit is sent away when the runtime is closed, or when another
// thread frees the tensor. Memory that the program has locked can be freed. Ids of no unit are refused.
#include "../guide/guide.h"

#include <pthread.h>
#include <sys/mman.h>

static nrt_tensor_t *tensor;

static void *wait_for_ever(void *status) {
    nrt_tensor_t *waited = tensor;
    *(NRT_STATUS *)status = nrt_tensor_check_output_completion(waited, -1, 100);
    return NULL;
}

static NRT_STATUS waiting_while(void (*end)(void)) {
    pthread_t thread;
    NRT_STATUS status = UNTOUCHED;
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 64, NULL, &tensor));
    CHECK(pthread_create(&thread, NULL, wait_for_ever, &status) == 0);
    end();
    CHECK(pthread_join(thread, NULL) == 0);
    return status;
}

static void free_it(void) {
    nrt_tensor_t *freed = tensor;
    nrt_tensor_free(&freed);
}

int main(int argc, char **argv) {
    nrt_model_t *model = start(argc, argv);
    bool done;
    EXPECT(NRT_INVALID, nrta_is_completed((nrta_seq_t)3 << 48 | 1, &done));
    EXPECT(NRT_INVALID, nrta_event_register_seq_id_completion((nrta_seq_t)4 << 48 | 1, -1));

    nrt_tensor_t *locked;
    OK(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, 4096, NULL, &locked));
    if (mlock(nrt_tensor_get_va(locked), 4096) != 0)
        fprintf(stderr, "cannot lock memory here\n");
    nrt_tensor_free(&locked);

    EXPECT(NRT_INVALID_HANDLE, waiting_while(free_it));
    OK(nrt_unload(model));
    NRT_STATUS status = waiting_while(nrt_close); // it may come before the wait or after
    CHECK(status == NRT_CLOSED);
    OK(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    nrt_close();
    return ok();
}
