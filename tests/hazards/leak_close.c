// finds: SIM-LEAK-CLOSE - -> nrt_close
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    // [
    nrt_tensor_t *scratch = tensor("scratch", SIZE);
#ifdef FIXED
    nrt_tensor_free(&scratch);
#endif
    // ]
    (void)scratch;
    return close_scene(&s);
}
