/* SPDX-License-Identifier: Apache-2.0 OR MIT
 *
 * Plug-in kernels: a shared library that computes what models of the simulated device compute.
 *
 * This is the simulator's own interface; the vendor's runtime has nothing like it, and all of it
 * is chosen here. A plug-in is a shared library that exports one function,
 * nrt_sim_kernel_plugin, and is named by an entry for a model:
 *
 *     kernel = { use = "plugin", library = "libscale.so", options = { factor = "2" } }
 *
 * It need not be linked with anything, and calls nothing of the simulator.
 *
 * What the simulator promises:
 * - Pointers are never null unless a comment says so. Texts are UTF-8 and end with a zero byte.
 * - Inputs and outputs are sorted by name, and are in the same order at create and at each run.
 * - At a run each input and output is at an address that is a multiple of
 *   NRT_SIM_KERNEL_ALIGNMENT, and as long as its tensor's `size`. They are copies: the program
 *   cannot change them meanwhile, and none overlaps another. A tensor without elements has a
 *   pointer too; it must not be followed.
 * - The elements are those of the tensor's type, dense, the last dimension first to change, in
 *   the byte order of the machine.
 * - Runs of one kernel never overlap, but each may come from another thread. Several kernels of
 *   one plug-in may be created, run and destroyed at the same time.
 * - Threads that run kernels may have a stack of 2 MiB only, and may be the program's own.
 * - Each kernel is destroyed once, when no run of it is under way and none will follow; unless
 *   the process ends first.
 * - The library is never unloaded, so that threads and thread-local data of its own may stay.
 *
 * What a plug-in promises:
 * - No function throws, unwinds, jumps out (longjmp), ends the process or forks.
 * - It does not call nrt_* functions: they may wait for the very run that calls them.
 * - It writes nothing but the outputs, the kernel it made and the error text, and keeps no
 *   pointer it was given once a call is over.
 * - Outputs follow from inputs and options alone, if runs are to be repeatable.
 */
#ifndef NRT_SIM_KERNEL_H
#define NRT_SIM_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. The simulator refuses a plug-in of any other, older or newer.
 * It is raised when what a plug-in compiled before would misread or break. Fields may be added
 * at the end of nrt_sim_model_t without that: `struct_size` tells which are there. */
#define NRT_SIM_KERNEL_ABI_VERSION 1u

/* What the addresses of inputs and outputs are multiples of, in bytes. */
#define NRT_SIM_KERNEL_ALIGNMENT 64u

/* An input or an output of a model, as its NEFF declares it. */
typedef struct nrt_sim_tensor {
    const char *name;
    const uint64_t *shape; /* `ndim` sizes, the slowest first; never null, even if `ndim` is 0 */
    uint64_t size; /* bytes */
    uint32_t dtype; /* a number of nrt_dtype_t, see nrt/nrt.h; 0 if the NEFF does not tell */
    uint32_t ndim; /* 0 for a single element */
} nrt_sim_tensor_t;

/* A setting that the user wrote. */
typedef struct nrt_sim_option {
    const char *key;
    const char *value;
} nrt_sim_option_t;

/* The model a kernel is to compute. All of it is gone when `create` returns. */
typedef struct nrt_sim_model {
    uint64_t struct_size; /* sizeof(nrt_sim_model_t) where the simulator was compiled */
    const char *name;
    uint8_t uuid[16];
    const nrt_sim_tensor_t *inputs; /* sorted by name */
    uint64_t input_count;
    const nrt_sim_tensor_t *outputs; /* sorted by name */
    uint64_t output_count;
    const nrt_sim_option_t *options; /* sorted by key, each key once */
    uint64_t option_count;
    const void *data; /* the content of the file the entry names as `data`; null if it names none */
    uint64_t data_size; /* bytes */
} nrt_sim_model_t;

/* What a plug-in consists of. It and its texts live as long as the process. */
typedef struct nrt_sim_kernel_plugin {
    uint32_t abi_version; /* NRT_SIM_KERNEL_ABI_VERSION */
    uint32_t struct_size; /* sizeof(nrt_sim_kernel_plugin_t) */
    const char *name; /* for messages */

    /* Makes the kernel of `model` and writes it to `kernel`; null is allowed, it is only handed back.
     * This is the place to check types, shapes and options: an error here refuses the model at load.
     *
     * Answers 0, or any other number with the reason as text in `error`: `error_size` bytes, at
     * least 256, all zero at first. What cannot be used should be named, and what to do told.
     * After an error there is no kernel, and `destroy` is not called. */
    uint32_t (*create)(const nrt_sim_model_t *model, void **kernel, char *error, size_t error_size);

    /* Computes `outputs` from `inputs`, arrays of as many pointers as the model has. What outputs
     * hold before is not said, and every byte of them must be written.
     *
     * Answers what the request ends with: 0, or NRT_EXEC_BAD_INPUT (1002) for values it cannot use, or
     * another number of NRT_STATUS (see nrt/nrt_status.h); with the reason for the log in `error`, as
     * above. After an error the outputs are thrown away, and the tensors keep what they held. So 1003
     * and 1004, which say that outputs are written, count as NRT_FAILURE (1), and so do the numbers of
     * broken hardware, which would leave the unit dead, and any that NRT_STATUS does not have. */
    uint32_t (*run)(void *kernel, const void *const *inputs, void *const *outputs, char *error,
                    size_t error_size);

    /* Takes back what `create` made. */
    void (*destroy)(void *kernel);
} nrt_sim_kernel_plugin_t;

/* Marks the one function that a plug-in exports. */
#define NRT_SIM_KERNEL_EXPORT __attribute__((visibility("default")))

/* To be defined by the plug-in. Called whenever an entry names the library, from any thread. */
NRT_SIM_KERNEL_EXPORT const nrt_sim_kernel_plugin_t *nrt_sim_kernel_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
