// link: none
// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Calls functions by name, twice each and without arguments, and prints what they answer. An argument is
// NAME:KIND; a KIND is u32, c_int, usize, bool, pointer or nothing.

#include "../clients/opened.h"

static void call(void *function, const char *kind) {
    if (strcmp(kind, "u32") == 0)
        printf("%u", ((uint32_t(*)(void))function)());
    else if (strcmp(kind, "c_int") == 0)
        printf("%d", ((int (*)(void))function)());
    else if (strcmp(kind, "usize") == 0)
        printf("%zu", ((size_t(*)(void))function)());
    else if (strcmp(kind, "bool") == 0)
        printf("%s", ((bool (*)(void))function)() ? "true" : "false");
    else if (strcmp(kind, "pointer") == 0)
        printf("%s", ((void *(*)(void))function)() ? "something" : "null");
    else if (strcmp(kind, "nothing") == 0)
        ((void (*)(void))function)(), printf("()");
    else
        check_failed(kind, 0, "this kind", "is not known");
}

int main(int argc, char **argv) {
    void *library = open_library("libnrt.so.1");
    FUNCTION(library, nrt_init);
    FUNCTION(library, nrt_close);
    OK(nrt_init_(NRT_FRAMEWORK_TYPE_NO_FW, "", ""));
    for (int i = 1; i < argc; i++) {
        char *kind = strchr(argv[i], ':');
        CHECK(kind);
        *kind++ = '\0';
        void *function = symbol(library, argv[i]);
        printf("%s ", argv[i]);
        call(function, kind);
        printf(" ");
        call(function, kind);
        printf("\n");
    }
    nrt_close_();
    return ok();
}
