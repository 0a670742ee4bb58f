use std::fmt::Write;

use super::hammered::Way;
use crate::session::Model;

/// What the programs have in common. `SUBMIT` and `WATCH` are put in.
const FRAME: &str = r#"#define STATUS(n) (*(_Atomic int *)(seen + (n) % 64 * 4096))
static char *written, *seen; // the same memory twice
static uint64_t id[64];
static volatile uint8_t *data[PLACES];
static uint8_t kind[3][SIZE];
static _Atomic uint64_t begun, ready;
static uint64_t base;
static void look(uint64_t n) {
    int status = STATUS(n);
    bool there = !data[n % PLACES] || data[n % PLACES][AT] == kind[n % 3][AT];
    if (n > base && begun < n + PLACES && (status != 0 || !there))
        printf("broken: request %llu has completed, its status is %s, its data are %s\n", (unsigned long long)n,
               status ? "not written" : "written", there ? "there" : "not there"), fflush(stdout), _exit(1);
}
static void *watch(void *unused) {
    for (uint64_t last = 0;;) {
        WATCH
    }
}
static void hammer(void) {
    pthread_t thread;
    nrta_get_sequence(0, XU, 0, &base), base &= 0xffffffffffff;
    int memory = memfd_create("", 0);
    ftruncate(memory, 64 * 4096);
    written = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    seen = mmap(NULL, 64 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    pthread_create(&thread, NULL, watch, NULL);
    for (uint64_t n = base + 1; n < 200000 && clock() < 2 * CLOCKS_PER_SEC; n++) {
        bool done = false;
        begun = n, STATUS(n) = 0x7fffffff, ready = n;
        madvise(written + n % 64 * 4096, 4096, MADV_DONTNEED);
        EXPECT(SUBMIT, 0);
        while (!done)
            EXPECT(nrta_is_completed(id[n % 64], &done), 0);
        look(n);
    }
    _exit(0);
}
"#;

/// Waits for numbers, or for statuses.
fn watch(xu: u32, by_words: bool) -> String {
    if by_words {
        return "if (last = ready, last && STATUS(last) == 0) look(last);".to_owned();
    }
    format!("nrta_get_sequence(0, {xu}, 0, &last), look(last & 0xffffffffffff);")
}

pub(super) fn transfers(way: Way, size: usize, by_words: bool) -> String {
    let (submit, allocate) = match way {
        Way::Read => ("nrta_tensor_read((void *)data[n % PLACES], from[n % 3], 0, SIZE, 0, 0, MARKS)", ""),
        Way::Write => ("nrta_tensor_write(to[n % PLACES], kind[n % 3], 0, SIZE, 0, 0, MARKS)", TENSOR),
        Way::Copy => ("nrta_tensor_copy(from[n % 3], 0, to[n % PLACES], 0, SIZE, 0, 0, MARKS)", TENSOR),
    };
    let allocate = if allocate.is_empty() { "data[i] = calloc(SIZE, 1);" } else { allocate };
    let frame = FRAME.replace("SUBMIT", submit).replace("WATCH", &watch(0, by_words)).replace("XU", "0");
    format!(
        "#include <sys/mman.h>
#include <time.h>
#define MARKS (int *)(written + n % 64 * 4096), &id[n % 64]
enum {{ PLACES = 16, SIZE = {size}, AT = SIZE - 1 }};
static void *from[3], *to[PLACES];
{frame}int main(void) {{
    alarm(20), EXPECT(nrt_init(1, \"\", \"\"), 0);
    for (int i = 0; i < 3; i++) {{
        fill(kind[i], SIZE, i);
        EXPECT(nrt_tensor_allocate(0, 0, SIZE, \"from\", &from[i]), 0);
        EXPECT(nrt_tensor_write(from[i], kind[i], 0, SIZE), 0);
    }}
    for (int i = 0; i < PLACES; i++) {{
        {allocate}
    }}
    hammer();
}}
"
    )
}

const TENSOR: &str =
    "EXPECT(nrt_tensor_allocate(0, 0, SIZE, \"to\", &to[i]), 0), data[i] = nrt_tensor_get_va(to[i]);";

pub(super) fn runs(model: &Model, at: usize, by_words: bool) -> String {
    let submit = "nrta_execute_schedule(model, in[n % 3], out[n % PLACES], 0, MARKS)";
    let frame = FRAME.replace("SUBMIT", submit).replace("WATCH", &watch(1, by_words)).replace("XU", "1");
    let mut bind = String::new();
    for (index, (name, size)) in model.inputs.iter().enumerate() {
        let _ = writeln!(bind, "        tensor = bind(in[i], {name:?}, {size});");
        let _ = writeln!(bind, "        fill(bytes, {size}, i + {index});");
        let _ = writeln!(bind, "        EXPECT(nrt_tensor_write(tensor, bytes, 0, {size}), 0);");
    }
    for (name, size) in model.outputs.iter().rev() {
        let _ = writeln!(bind, "        tensor = bind(out[i], {name:?}, {size});");
    }
    let sizes = model.inputs.iter().chain(&model.outputs).map(|(_, size)| *size);
    let (largest, size) = (sizes.max().unwrap_or(1), model.outputs[0].1);
    format!(
        "#include <sys/mman.h>
#include <time.h>
#define MARKS (int *)(written + n % 64 * 4096), &id[n % 64]
enum {{ PLACES = 4, SIZE = {size}, AT = {at} }};
static void *model, *in[PLACES], *out[PLACES];
static uint8_t bytes[{largest}];
{frame}static void *bind(void *set, const char *name, size_t size) {{
    void *tensor;
    EXPECT(nrt_tensor_allocate(0, 0, size, name, &tensor), 0);
    EXPECT(nrt_add_tensor_to_tensor_set(set, name, tensor), 0);
    return tensor;
}}
int main(int argc, char **argv) {{
    alarm(20), load_neff(argv[1]), EXPECT(nrt_init(1, \"\", \"\"), 0);
    EXPECT(nrt_load(neff, neff_size, 0, -1, &model), 0);
    for (int i = 0; i < PLACES; i++) {{
        void *tensor;
        EXPECT(nrt_allocate_tensor_set(&in[i]), 0), EXPECT(nrt_allocate_tensor_set(&out[i]), 0);
{bind}        data[i] = nrt_tensor_get_va(tensor);
        if (i < 3)
            EXPECT(nrt_execute(model, in[i], out[i]), 0), EXPECT(nrt_tensor_read(tensor, kind[i], 0, SIZE), 0);
    }}
    hammer();
}}
"
    )
}
