// finds: SIM-MODEL-UNLOADED nrta_execute_schedule -> nrt_unload
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    NRT_STATUS status;
    // [
    nrta_seq_t seq = run(&s, 0, &status);
#ifdef FIXED
    wait_for(seq);
#endif
    OK(nrt_unload(s.model));
    // ]
    s.model = NULL;
    (void)seq;
    return close_scene(&s);
}
