//! The C program that shows what several threads may not see.

use std::fmt::Write;

use super::threads::Shared;
use crate::abi::COMPUTE;
use crate::session::{Io, Model};

/// What every such program begins and ends with. `CORES` and the like are put in.
const PROGRAM: &str = r#"
enum { QUEUES = COUNT, THREADS = HANDS };
static const int core[] = {CORES}, xu[] = {UNITS}, queue[] = {INDEXES};
static const uint64_t room[] = {ROOMS};
static void *model[QUEUES], *in[QUEUES], *out[QUEUES], *tensor[QUEUES][THREADS];
static uint8_t bytes[QUEUES][THREADS][64];
static int word[THREADS];
static _Atomic uint64_t begun[QUEUES], highest[QUEUES], known[QUEUES];
static atomic_char taken[QUEUES][1 << 14];
static void lift(_Atomic uint64_t *value, uint64_t to) {
    uint64_t was = *value;
    while (was < to && !atomic_compare_exchange_weak(value, &was, to));
}
static void *hand(void *number) {
    long me = (long)number;
    for (int i = 0; i < 2000; i++) {
        int q = (i + me) % QUEUES;
        uint64_t id = 0, last = 0, least = highest[q], done_before = known[q];
        bool done = false;
        begun[q]++;
        int status = xu[q] == 1 ? nrta_execute_schedule(model[q], in[q], out[q], 0, &word[me], &id)
                                : nrta_tensor_write(tensor[q][me], bytes[q][me], 0, 64, core[q], queue[q], &word[me], &id);
        uint64_t n = id & 0xffffffffffff, all = begun[q];
        CHECK(status == 0 || (status == 7 && all - 1 - done_before >= room[q]));
        if (status == 7) {
            begun[q]--;
        } else {
            CHECK(n > least && n <= all && !taken[q][n]++);
            lift(&highest[q], n);
        }
        done_before = known[q];
        EXPECT(nrta_get_sequence(core[q], xu[q], queue[q], &last), 0);
        last &= 0xffffffffffff;
        CHECK(last >= done_before && last <= begun[q] && (!room[q] || n <= last + room[q]));
        lift(&known[q], last);
        done_before = known[q];
        if (status == 0) {
            EXPECT(nrta_is_completed(id, &done), 0);
            CHECK(done || n > done_before);
            lift(&known[q], done ? n : 0);
        }
    }
    return NULL;
}
int main(int argc, char **argv) {
    alarm(20);
    (void)argc, (void)argv;
SETUP    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, hand, (void *)i);
    for (long i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return 0;
}
"#;

/// A program whose threads submit to these queues and look at them.
pub(super) fn program(shared: &[Shared], models: &[Option<(Model, Io)>], threads: usize) -> String {
    let list = |of: &dyn Fn(&Shared) -> u64| -> String {
        let numbers: Vec<String> = shared.iter().map(|queue| of(queue).to_string()).collect();
        numbers.join(", ")
    };
    let mut setup = String::new();
    if shared.iter().any(|queue| queue.xu == COMPUTE) {
        setup += "    load_neff(argv[1]);\n";
    }
    setup += "    EXPECT(nrt_init(1, \"\", \"\"), 0);\n";
    for (at, (queue, model)) in shared.iter().zip(models).enumerate() {
        match model {
            Some((model, io)) => load(&mut setup, at, model, io),
            None => {
                let core = queue.core;
                let _ = writeln!(
                    setup,
                    "    for (int i = 0; i < THREADS; i++)\n        \
                     EXPECT(nrt_tensor_allocate(0, {core}, 64, \"t\", &tensor[{at}][i]), 0);"
                );
            }
        }
    }
    PROGRAM
        .trim_start()
        .replace("COUNT", &shared.len().to_string())
        .replace("HANDS", &threads.to_string())
        .replace("CORES", &list(&|queue| queue.core.into()))
        .replace("UNITS", &list(&|queue| queue.xu.into()))
        .replace("INDEXES", &list(&|queue| queue.index.into()))
        .replace("ROOMS", &list(&|queue| queue.capacity.unwrap_or_default()))
        .replace("SETUP", &setup)
}

/// Loads a model, with tensors in its sets.
pub(in crate::rules) fn load(setup: &mut String, at: usize, model: &Model, io: &Io) {
    let core = model.core;
    let _ = writeln!(setup, "    EXPECT(nrt_load(neff, neff_size, {core}, -1, &model[{at}]), 0);");
    let sides = [("in", &model.inputs, &io.input_sizes), ("out", &model.outputs, &io.output_sizes)];
    for (set, tensors, sizes) in sides {
        let _ = writeln!(setup, "    EXPECT(nrt_allocate_tensor_set(&{set}[{at}]), 0);");
        for ((name, _), size) in tensors.iter().zip(sizes) {
            let _ = writeln!(
                setup,
                "    EXPECT(nrt_tensor_allocate(0, {core}, {size}, \"t\", &tensor[{at}][0]), 0);\n    \
                 EXPECT(nrt_add_tensor_to_tensor_set({set}[{at}], \"{name}\", tensor[{at}][0]), 0);"
            );
        }
    }
}
