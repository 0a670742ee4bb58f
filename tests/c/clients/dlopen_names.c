// run: dlopen_names -> 0
// run: dlopen_names libnrt.so.1 -> 0
// run: dlopen_names libnrt.so -> 0
// run: TEST_LIBNRT_PATH=libnrt.so.1 dlopen_names -> 0
// link: none
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// The names programs try, in their order: a file that a variable names, the install path, the soname, the
// plain name. With arguments: these, and only these.

#define _GNU_SOURCE
#include "opened.h"

int main(int argc, char **argv) {
    const char *names[] = {getenv("TEST_LIBNRT_PATH"), "/opt/aws/neuron/lib/libnrt.so.1", "libnrt.so.1", "libnrt.so"};
    void *library = NULL;
    if (argc > 1)
        for (int i = 1; i < argc; i++)
            library = open_library(argv[i]);
    for (int i = 0; i < 4 && !library; i++) {
        library = names[i] ? dlopen(names[i], RTLD_NOW | RTLD_LOCAL) : NULL;
        if (library)
            printf("opened %s\n", names[i]);
    }
    CHECK(library != NULL);
    // Whatever the name was, it is the same library, loaded once.
    void *soname = open_library("libnrt.so.1");
    FUNCTION(library, nrt_get_total_nc_count);
    CHECK(dlsym(soname, "nrt_get_total_nc_count") == (void *)nrt_get_total_nc_count_);
    uint32_t total = 0;
    OK(nrt_get_total_nc_count_(&total));
    CHECK(total >= 1);

    // Names that do not exist are missing politely.
    CHECK(dlsym(library, "nrt_no_such_function") == NULL);
    CHECK(dlvsym(library, "nrt_init", "NRT_9.0.0") == NULL);
    FUNCTION(library, nrt_init);
    FUNCTION(library, nrt_close);
    OK(nrt_init_(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    nrt_close_();
    return ok();
}
