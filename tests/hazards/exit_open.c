// finds: SIM-EXIT-OPEN - -> exit
// SPDX-License-Identifier: Apache-2.0 OR MIT
#include "hazard.h"

int main(int argc, char **argv) {
    struct scene s = open_scene(argc, argv);
    // [
#ifndef FIXED
    exit(0); // without nrt_close
#endif
    // ]
    return close_scene(&s);
}
