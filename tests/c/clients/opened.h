// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// For programs that open the library themselves: names in place of links.
#ifndef OPENED_H
#define OPENED_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE // dlvsym
#endif
#include <dlfcn.h>

#include "../guide/guide.h"

// The address of a function, with the type the header gives it.
#define FUNCTION(library, name) __typeof__(&name) const name##_ = (__typeof__(&name))symbol(library, #name)

static inline void *symbol(void *library, const char *name) {
    void *address = dlsym(library, name);
    if (!address)
        check_failed(name, 0, "this symbol is missing:", dlerror());
    return address;
}

static inline void *open_library(const char *name) {
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        check_failed(name, 0, "cannot be opened:", dlerror());
    return library;
}

#endif
