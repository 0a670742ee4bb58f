// finds: SIM-BUFFER-SHARED nrta_tensor_read -> nrt_tensor_write
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    nrta_seq_t seq;
    static char buffer[SIZE];
    // [
    nrt_tensor_t *host = NULL; // a tensor over the buffer that a read is to fill
    OK(nrt_tensor_allocate_empty("host", &host));
    OK(nrt_tensor_attach_buffer(host, buffer, SIZE));
    OK(nrta_tensor_read(buffer, s.other, 0, SIZE, 0, 0, &status, &seq));
#ifdef FIXED
    wait_for(seq);
#endif
    OK(nrt_tensor_write(s.x[0], buffer, 0, SIZE)); // the buffer may not be filled yet
    // ]
    wait_for(seq);
    nrt_tensor_free(&host);
    return close_scene(&s);
}
