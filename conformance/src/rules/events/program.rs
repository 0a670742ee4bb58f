use crate::session::Model;

/// `SUBMIT` and `PREPARE` are put in.
const IN_TURN: &str = r#"#include <sys/epoll.h>
#include <time.h>
static _Atomic int status[1024];
static int fd;
static _Atomic uint64_t counted;
static uint64_t base;
static uint64_t last(void) {
    uint64_t last = 0;
    nrta_get_sequence(0, XU, 0, &last);
    return (last & 0xffffffffffff) - base;
}
static void *watch(void *unused) {
    struct pollfd p = {fd, POLLIN};
    for (uint64_t more = 0;;) {
        if (poll(&p, 1, 0) != 1)
            continue;
        uint64_t completed = last();
        if (completed < counted + 1 || status[(counted + 1) % 1024] != 0)
            printf("broken: an event came, number %llu, status %d\n", (unsigned long long)completed,
                   status[(counted + 1) % 1024]), fflush(stdout), _exit(1);
        read(fd, &more, 8), counted += more;
        if (last() < counted)
            printf("broken: too many events\n"), fflush(stdout), _exit(1);
    }
}
int main(int argc, char **argv) {
    void *tensor;
    PREPARE
    base = last(), fd = eventfd(0, EFD_NONBLOCK);
    for (int i = 0; i < 200; i++)
        epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN});
    EXPECT(nrta_event_register_xu_completion(0, XU, 0, fd), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, watch, NULL);
    uint64_t n = 0, id;
    for (bool done = false; n < 200000 && clock() < 2 * CLOCKS_PER_SEC; done = false) {
        for (int i = 0; n > counted + 500; i++, usleep(10))
            CHECK(i < 100000);
        status[++n % 1024] = 0x7fffffff;
        EXPECT(SUBMIT, 0);
        while (!done)
            EXPECT(nrta_is_completed(id, &done), 0);
    }
    for (int i = 0; counted < n; i++, usleep(10))
        CHECK(i < 100000);
    _exit(0);
}
"#;

/// Requests on the transfer queue, or on the compute queue.
pub(super) fn in_turn(model: Option<&Model>) -> String {
    let mut prepare = "alarm(20), EXPECT(nrt_init(1, \"\", \"\"), 0);\n".to_owned();
    let Some(model) = model else {
        prepare += "    EXPECT(nrt_tensor_allocate(0, 0, 64, \"tensor\", &tensor), 0);\n    char bytes[64];";
        let submit = "nrta_tensor_read(bytes, tensor, 0, 64, 0, 0, (int *)&status[n % 1024], &id)";
        return IN_TURN.replace("PREPARE", &prepare).replace("SUBMIT", submit).replace("XU", "0");
    };
    prepare += "    void *model, *in, *out;\n";
    prepare += &model.in_c();
    let submit = "nrta_execute_schedule(model, in, out, 0, (int *)&status[n % 1024], &id)";
    IN_TURN.replace("PREPARE", prepare.trim_end()).replace("SUBMIT", submit).replace("XU", "1")
}

pub(super) const MEANWHILE: &str = r#"#include <time.h>
static _Atomic uint64_t latest;
static void *ask(void *unused) {
    for (bool done;; nrta_event_register_xu_completion(0, 0, 0, -1))
        nrta_is_completed(latest, &done);
}
int main(void) {
    void *tensor;
    char bytes[64];
    int status, fd = eventfd(0, EFD_NONBLOCK);
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    EXPECT(nrt_tensor_allocate(0, 0, 64, "tensor", &tensor), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, ask, NULL);
    for (int n = 0; n < 50000 && clock() < 2 * CLOCKS_PER_SEC; n++) {
        uint64_t id, count = 0;
        EXPECT(nrta_tensor_read(bytes, tensor, 0, 64, 0, 0, &status, &id), 0);
        latest = id;
        for (volatile int i = n * 37 % 600; i > 0; i--)
            ;
        EXPECT(nrta_event_register_seq_id_completion(id, fd), 0);
        wait_for(id);
        for (int i = 0; !readable(fd) && i < 100000; i++)
            usleep(10);
        CHECK(readable(fd));
        read(fd, &count, 8);
        CHECK(count == 1);
    }
    _exit(0);
}
"#;

pub(super) const TAKEN_BACK: &str = r#"#include <time.h>
static _Atomic uint64_t latest;
static void *ask(void *unused) {
    for (bool done;;)
        if (latest)
            nrta_is_completed(latest, &done);
}
int main(void) {
    void *tensor;
    char bytes[64];
    int status, fd = eventfd(0, EFD_NONBLOCK);
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    EXPECT(nrt_tensor_allocate(0, 0, 64, "tensor", &tensor), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, ask, NULL);
    for (int n = 0; n < 20000 && clock() < 2 * CLOCKS_PER_SEC; n++) {
        uint64_t id, count;
        EXPECT(nrta_event_register_xu_completion(0, 0, 0, fd), 0);
        for (int i = 0; i < 4; i++)
            EXPECT(nrta_tensor_read(bytes, tensor, 0, 64, 0, 0, &status, &id), 0);
        latest = id;
        for (volatile int i = n * 37 % 600; i > 0; i--)
            ;
        EXPECT(nrta_event_register_xu_completion(0, 0, 0, -1), 0);
        read(fd, &count, 8);
        EXPECT(nrta_tensor_read(bytes, tensor, 0, 64, 0, 0, &status, &id), 0);
        wait_for(id);
        CHECK(!readable(fd));
    }
    _exit(0);
}
"#;
