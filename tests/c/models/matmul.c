// SPDX-License-Identifier: Apache-2.0 OR MIT
//
// Multiplies random float16 matrices, x[128,256] by y[256,128], on the device and in double on the CPU, and
// compares: first with nrt_execute, then with requests that are submitted and polled.
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <nrt/nrt.h>
#include <nrt/nrt_async.h>

#define M 128
#define K 256
#define N 128

static _Float16 x[M * K], y[K * N], product[M * N];

static void must(NRT_STATUS status, const char *what) {
    if (status != NRT_SUCCESS) {
        fprintf(stderr, "%s: status %d\n", what, (int)status);
        exit(1);
    }
}

// A value in [-1, 1), by a linear congruential generator.
static _Float16 next(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (_Float16)((double)(*state >> 40) / (1 << 23) - 1);
}

static void randomise(uint64_t seed) {
    for (size_t i = 0; i < M * K; i++)
        x[i] = next(&seed);
    for (size_t i = 0; i < K * N; i++)
        y[i] = next(&seed);
    for (size_t i = 0; i < M * N; i++)
        product[i] = 77;
}

// Each element may be off by half a unit in the last place of float16, and by what float32 loses in the sum.
static void compare(const char *how) {
    double worst = 0;
    for (size_t row = 0; row < M; row++) {
        for (size_t column = 0; column < N; column++) {
            double sum = 0;
            for (size_t k = 0; k < K; k++)
                sum += (double)x[row * K + k] * (double)y[k * N + column];
            double off = fabs((double)product[row * N + column] - sum) / fmax(fabs(sum), 1);
            worst = fmax(worst, off);
        }
    }
    printf("%s: worst error %.2e\n", how, worst);
    if (!(worst < 1e-3))
        exit(1);
}

static void *load(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    *size = (size_t)ftell(file);
    rewind(file);
    void *bytes = malloc(*size);
    if (fread(bytes, 1, *size, file) != *size)
        exit(1);
    fclose(file);
    return bytes;
}

static nrt_tensor_t *tensor(nrt_tensor_set_t *set, const char *name, size_t size) {
    nrt_tensor_t *tensor;
    must(nrt_tensor_allocate(NRT_TENSOR_PLACEMENT_DEVICE, 0, size, name, &tensor), "nrt_tensor_allocate");
    must(nrt_add_tensor_to_tensor_set(set, name, tensor), "nrt_add_tensor_to_tensor_set");
    return tensor;
}

static void finish(nrta_seq_t seq, const NRT_STATUS *status) {
    for (bool done = false; !done;)
        must(nrta_is_completed(seq, &done), "nrta_is_completed");
    must(*status, "a request");
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: matmul FILE.neff\n");
        return 2;
    }
    size_t size;
    void *neff = load(argv[1], &size);
    must(nrt_init(NRT_FRAMEWORK_TYPE_NO_FW, "", ""), "nrt_init");
    nrt_model_t *model;
    must(nrt_load(neff, size, 0, 1, &model), "nrt_load");
    free(neff);
    nrt_tensor_set_t *inputs, *outputs;
    must(nrt_allocate_tensor_set(&inputs), "nrt_allocate_tensor_set");
    must(nrt_allocate_tensor_set(&outputs), "nrt_allocate_tensor_set");
    nrt_tensor_t *tensor_x = tensor(inputs, "x", sizeof x), *tensor_y = tensor(inputs, "y", sizeof y);
    nrt_tensor_t *tensor_out = tensor(outputs, "output0", sizeof product);

    randomise(1);
    must(nrt_tensor_write(tensor_x, x, 0, sizeof x), "nrt_tensor_write");
    must(nrt_tensor_write(tensor_y, y, 0, sizeof y), "nrt_tensor_write");
    must(nrt_execute(model, inputs, outputs), "nrt_execute");
    must(nrt_tensor_read(tensor_out, product, 0, sizeof product), "nrt_tensor_read");
    compare("nrt_execute");

    for (uint64_t seed = 2; seed < 5; seed++) {
        randomise(seed);
        NRT_STATUS status[4];
        nrta_seq_t seq[4];
        must(nrta_tensor_write(tensor_x, x, 0, sizeof x, 0, 0, &status[0], &seq[0]), "nrta_tensor_write");
        must(nrta_tensor_write(tensor_y, y, 0, sizeof y, 0, 1, &status[1], &seq[1]), "nrta_tensor_write");
        finish(seq[0], &status[0]);
        finish(seq[1], &status[1]);
        must(nrta_execute_schedule(model, inputs, outputs, 0, &status[2], &seq[2]), "nrta_execute_schedule");
        finish(seq[2], &status[2]);
        must(nrta_tensor_read(product, tensor_out, 0, sizeof product, 0, 0, &status[3], &seq[3]),
             "nrta_tensor_read");
        finish(seq[3], &status[3]);
        compare("nrta_execute_schedule");
    }

    must(nrt_unload(model), "nrt_unload");
    nrt_tensor_free(&tensor_x);
    nrt_tensor_free(&tensor_y);
    nrt_tensor_free(&tensor_out);
    nrt_destroy_tensor_set(&inputs);
    nrt_destroy_tensor_set(&outputs);
    nrt_close();
    puts("ok");
}
