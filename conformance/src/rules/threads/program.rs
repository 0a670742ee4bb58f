use crate::session::Model;

/// `THREADS` threads submit; `SUBMIT` and `PREPARE` are put in.
const GAPLESS: &str = r#"enum { THREADS = 4, ALL = 8000 };
static uint64_t ids[ALL];
static int status[ALL];
static void *tensor, *model, *in, *out;
static char bytes[64];
static void *submit(void *first) {
    for (size_t i = (size_t)first, answer; i < ALL; i += THREADS) {
        uint64_t last;
        while ((answer = SUBMIT) == 7)
            nrta_get_sequence(0, 1, 0, &last);
        CHECK(answer == 0);
    }
    return NULL;
}
static int compare(const void *a, const void *b) {
    return *(uint64_t *)a < *(uint64_t *)b ? -1 : *(uint64_t *)a > *(uint64_t *)b;
}
int main(int argc, char **argv) {
    pthread_t threads[THREADS];
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
PREPARE
    for (size_t i = 0; i < ALL; i++)
        status[i] = 0x7fffffff;
    for (size_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, submit, (void *)i);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    qsort(ids, ALL, sizeof *ids, compare);
    for (size_t i = 1; i < ALL; i++)
        CHECK(ids[i] == ids[i - 1] + 1);
    wait_for(ids[ALL - 1]);
    for (size_t i = 0; i < ALL; i++)
        CHECK(status[i] == 0);
    _exit(0);
}
"#;

pub(super) fn gapless(model: Option<&Model>, submit: &str) -> String {
    let prepare = match model {
        Some(model) => model.in_c(),
        None => "    EXPECT(nrt_tensor_allocate(0, 0, 64, \"tensor\", &tensor), 0);".to_owned(),
    };
    GAPLESS.replace("SUBMIT", submit).replace("PREPARE", prepare.trim_end())
}

/// Threads that submit to the first transfer queue, and what they share.
const TRANSFERS: &str = r#"static void *tensor;
static uint8_t bytes[4096];
static _Atomic bool over;
static _Atomic uint64_t all;
static void *submit(void *unused) {
    static int status;
    for (int i = 0; i < 5000; i++) {
        uint64_t id;
        EXPECT(nrta_tensor_read(bytes, tensor, 0, 64, 0, 0, &status, &id), 0);
        all++;
        if (i % 8 == 7)
            wait_for(id);
    }
    return NULL;
}
static void prepare(void) {
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    EXPECT(nrt_tensor_allocate(0, 0, 4096, "tensor", &tensor), 0);
    fill(bytes, 4096, 3), EXPECT(nrt_tensor_write(tensor, bytes, 0, 4096), 0);
}
static void with(void *(*work)(void *), int workers) {
    pthread_t threads[8], others[2];
    for (int i = 0; i < workers; i++)
        pthread_create(&threads[i], NULL, work, NULL);
    for (int i = 0; i < 2; i++)
        pthread_create(&others[i], NULL, submit, NULL);
    for (int i = 0; i < 2; i++)
        pthread_join(others[i], NULL);
    over = true;
    for (int i = 0; i < workers; i++)
        pthread_join(threads[i], NULL);
}
"#;

/// A program of such threads.
pub(super) fn with_transfers(rest: &str) -> String {
    format!("{TRANSFERS}{rest}")
}

pub(super) const OWN_QUEUES: &str = r#"static void *tensor[2];
static void *submit(void *which) {
    size_t core = (size_t)which / 2, queue = (size_t)which % 2;
    char bytes[64];
    int status;
    uint64_t id, before = 0;
    for (int i = 0; i < 2000; i++, before = id) {
        EXPECT(nrta_tensor_read(bytes, tensor[core], 0, 64, core, queue, &status, &id), 0);
        CHECK(i == 0 || id == before + 1);
    }
    wait_for(id);
    return NULL;
}
int main(void) {
    pthread_t threads[2 * CORES];
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    for (size_t i = 0; i < CORES; i++)
        EXPECT(nrt_tensor_allocate(0, i, 64, "tensor", &tensor[i]), 0);
    for (size_t i = 0; i < 2 * CORES; i++)
        pthread_create(&threads[i], NULL, submit, (void *)i);
    for (size_t i = 0; i < 2 * CORES; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}
"#;

pub(super) const OWN_BYTES: &str = r#"static void *work(void *which) {
    static _Alignas(64) uint8_t bytes[8][4096];
    size_t seed = (size_t)which + 1;
    uint8_t *own = bytes[seed];
    void *tensor;
    EXPECT(nrt_tensor_allocate(0, 0, 4096, "tensor", &tensor), 0);
    fill(own, 4096, seed), EXPECT(nrt_tensor_write(tensor, own, 0, 4096), 0);
    for (int i = 0; i < 2000; i++) {
        int status = 0x7fffffff;
        uint64_t id;
        memset(own, 0, 4096);
        EXPECT(nrta_tensor_read(own, tensor, 0, 4096, 0, i % 2, &status, &id), 0);
        wait_for(id);
        CHECK(*(volatile int *)&status == 0);
        CHECK(holds(own, 4096, seed, 0));
    }
    return NULL;
}
int main(void) {
    pthread_t threads[4];
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}
"#;

pub(super) const HANDED_OVER: &str = r#"enum { SIZE = 1 << 16, ALL = 64 };
static uint8_t bytes[ALL][SIZE];
static int status[ALL];
static _Atomic uint64_t ids[ALL];
static void *follow(void *unused) {
    for (int i = 0; i < ALL; i++) {
        while (ids[i] == 0)
            ;
        wait_for(ids[i]);
        CHECK(*(volatile int *)&status[i] == 0);
        CHECK(holds(bytes[i], SIZE, i % 2 + 1, 0));
    }
    return NULL;
}
int main(void) {
    pthread_t thread;
    void *tensor[2];
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    for (int i = 0; i < 2; i++) {
        EXPECT(nrt_tensor_allocate(0, 0, SIZE, "tensor", &tensor[i]), 0);
        fill(bytes[0], SIZE, i + 1), EXPECT(nrt_tensor_write(tensor[i], bytes[0], 0, SIZE), 0);
    }
    pthread_create(&thread, NULL, follow, NULL);
    for (int i = 0; i < ALL; i++) {
        uint64_t id;
        status[i] = 0x7fffffff, memset(bytes[i], 0, SIZE);
        EXPECT(nrta_tensor_read(bytes[i], tensor[i % 2], 0, SIZE, 0, 0, &status[i], &id), 0);
        ids[i] = id;
    }
    pthread_join(thread, NULL);
    _exit(0);
}
"#;

pub(super) fn lookers() -> String {
    with_transfers(
        r#"static void *look(void *unused) {
    for (uint64_t before = 0, last = 0; !over; before = last) {
        bool done = true;
        EXPECT(nrta_get_sequence(0, 0, 0, &last), 0);
        CHECK(last >= before);
        if (last & 0xffffffffffff)
            EXPECT(nrta_is_completed(last, &done), 0);
        CHECK(done);
    }
    return NULL;
}
int main(void) {
    prepare(), with(look, 2), _exit(0);
}
"#,
    )
}

pub(super) fn events_add_up() -> String {
    with_transfers(
        r#"int main(void) {
    int fd = eventfd(0, EFD_NONBLOCK);
    prepare(), EXPECT(nrta_event_register_xu_completion(0, 0, 0, fd), 0);
    with(NULL, 0);
    uint64_t sum = 0;
    for (int i = 0; sum < all && i < 100000; i++, usleep(10)) {
        uint64_t more = 0;
        read(fd, &more, 8), sum += more;
    }
    CHECK(sum == all);
    _exit(0);
}
"#,
    )
}

pub(super) fn registrations() -> String {
    with_transfers(
        r#"static void *toggle(void *of_one) {
    int all_of_it = eventfd(0, EFD_NONBLOCK), one = eventfd(0, EFD_NONBLOCK);
    for (uint64_t ahead = 1; !over; ahead++) {
        nrta_event_register_xu_completion(0, 0, 0, all_of_it);
        nrta_event_register_seq_id_completion(ahead, one);
        nrta_event_register_seq_id_completion(ahead / 2, -1);
        nrta_event_register_xu_completion(0, 0, 0, -1);
    }
    return NULL;
}
int main(void) {
    int fd = eventfd(0, EFD_NONBLOCK), status;
    prepare(), with(toggle, 2);
    EXPECT(nrta_event_register_xu_completion(0, 0, 0, fd), 0);
    uint64_t id, sum = 0;
    for (int i = 0; i < 20; i++)
        EXPECT(nrta_tensor_read(bytes, tensor, 0, 64, 0, 0, &status, &id), 0), wait_for(id);
    for (int i = 0; sum < 20 && i < 100000; i++, usleep(10)) {
        uint64_t more = 0;
        read(fd, &more, 8), sum += more;
    }
    CHECK(sum == 20);
    _exit(0);
}
"#,
    )
}

pub(super) const TENSORS: &str = r#"static void *work(void *seed) {
    uint8_t bytes[4096], back[4096];
    fill(bytes, 4096, (size_t)seed);
    for (int i = 0; i < 1000; i++) {
        void *tensor[4];
        for (int k = 0; k < 4; k++) {
            EXPECT(nrt_tensor_allocate(0, 0, 4096, NULL, &tensor[k]), 0);
            EXPECT(nrt_tensor_write(tensor[k], bytes, 0, 4096), 0);
        }
        for (int k = 0; k < 4; k++) {
            EXPECT(nrt_tensor_read(tensor[k], back, 0, 4096), 0);
            CHECK(memcmp(bytes, back, 4096) == 0);
            nrt_tensor_free(&tensor[k]);
        }
    }
    return NULL;
}
int main(void) {
    pthread_t threads[4];
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, (void *)(i + 1));
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}
"#;

pub(super) fn models(model: &Model, cores: u64) -> String {
    let text = r#"static void *model, *in, *out, *tensor;
static void *work(void *which) {
    for (int i = 0; i < 50; i++) {
        void *own;
        uint32_t count;
        EXPECT(nrt_load(neff, neff_size, (size_t)which % CORES, -1, &own), 0);
        EXPECT(nrt_get_model_nc_count(own, &count), 0);
        EXPECT(nrt_unload(own), 0);
    }
    return NULL;
}
int main(int argc, char **argv) {
    pthread_t threads[4];
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
PREPARE
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    EXPECT(nrt_execute(model, in, out), 0);
    _exit(0);
}
"#;
    text.replace("PREPARE", model.in_c().trim_end()).replace("CORES", &cores.to_string())
}

pub(super) fn runs(model: &Model) -> String {
    let text = r#"static void *model, *in, *out, *tensor, *ins[3], *outs[3], *last[3];
static uint8_t wanted[3][SIZE], seen[3][SIZE], zeros[SIZE];
static void *work(void *which) {
    size_t i = (size_t)which;
    for (int k = 0; k < 200; k++) {
        EXPECT(nrt_tensor_write(last[i], zeros, 0, SIZE), 0);
        EXPECT(nrt_execute(model, ins[i], outs[i]), 0);
        EXPECT(nrt_tensor_read(last[i], seen[i], 0, SIZE), 0);
        CHECK(memcmp(wanted[i], seen[i], SIZE) == 0);
    }
    return NULL;
}
int main(int argc, char **argv) {
    pthread_t threads[3];
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    for (size_t i = 0; i < 3; i++) {
PREPARE
        ins[i] = in, outs[i] = out, last[i] = tensor;
        void *input;
        EXPECT(nrt_get_tensor_from_tensor_set(in, NAME, &input), 0);
        uint8_t byte = i + 1;
        EXPECT(nrt_tensor_write(input, &byte, 0, 1), 0);
        EXPECT(nrt_execute(model, in, out), 0);
        EXPECT(nrt_tensor_read(tensor, wanted[i], 0, SIZE), 0);
    }
    for (size_t i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (size_t i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}
"#;
    let size = model.outputs.last().map_or(1, |(_, size)| *size);
    let name = format!("{:?}", model.inputs[0].0);
    let text = text.replace("PREPARE", model.in_c().trim_end()).replace("NAME", &name);
    text.replace("SIZE", &size.to_string())
}

pub(super) fn mixed() -> String {
    with_transfers(
        r#"static void *work(void *blocking) {
    uint8_t own[4096];
    for (int i = 0; i < 500; i++) {
        int status = 0x7fffffff;
        uint64_t id;
        memset(own, 0, 4096);
        if (i % 2) {
            EXPECT(nrt_tensor_read(tensor, own, 0, 4096), 0);
        } else {
            EXPECT(nrta_tensor_read(own, tensor, 0, 4096, 0, 0, &status, &id), 0), wait_for(id);
            CHECK(*(volatile int *)&status == 0);
        }
        CHECK(holds(own, 4096, 3, 0));
    }
    return NULL;
}
int main(void) {
    prepare(), with(work, 4), _exit(0);
}
"#,
    )
}
