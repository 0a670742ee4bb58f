use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use crate::abi::Status;
use crate::session::{Caught, Direct, Place, Queue, Session, Trap};
use crate::verdict::{Outcome, Stop};

/// How often somebody is caught.
const TIMES: usize = 3;

/// Submits a request and polls until it has completed. Another thread looks while the write to the trap stands
/// still. A library that does not answer the look until then has shown nobody anything.
struct Catcher<'a> {
    s: &'a Session,
    queue: Queue,
    is_completed: Direct,
}

/// What was seen meanwhile.
struct Seen {
    is_completed: bool,
    word: u32,
}

/// Where the request leaves its id.
type Submit<'a> = &'a (dyn Fn(u64) -> Status + Sync);

impl Catcher<'_> {
    /// Runs one request whose number is the next of the queue. The status is at `word`, too.
    fn request(&self, trap: &Trap, word: Place, submit: Submit<'_>) -> Outcome<Caught<Seen>> {
        let last = self.s.last_of(self.queue)?.value();
        let wanted = last + 1;
        let patience = self.s.patience();
        let asked = self.is_completed;
        let (id, is_over) = (AtomicU64::new(0), AtomicBool::new(false));
        let work = || {
            if submit(id.as_ptr() as u64) != Status::SUCCESS {
                return;
            }
            let begin = Instant::now();
            while !is_completed(asked, id.load(Ordering::SeqCst)) {
                thread::yield_now();
                if begin.elapsed() > patience {
                    return;
                }
            }
            is_over.store(true, Ordering::SeqCst);
        };
        let seen = trap.watch(work, || {
            let word = word.value() as u32;
            Seen { is_completed: is_completed(asked, wanted), word }
        });
        if !is_over.into_inner() {
            return Err(Stop::blocked("the request was refused, or did not complete"));
        }
        if id.into_inner() != wanted {
            return Err(Stop::blocked("the request did not get the next number"));
        }
        Ok(seen)
    }
}

fn is_completed(asked: Direct, id: u64) -> bool {
    let done = AtomicU64::new(0);
    let status = asked.status(&[id, done.as_ptr() as u64]);
    status == Status::SUCCESS && done.load(Ordering::SeqCst) & 1 == 1
}

fn nobody() -> Stop {
    Stop::undecided("nobody stopped at memory that is written to")
}

fn transfer_program(is_read: bool) -> String {
    PROGRAM
        .replace("PREPARE", "EXPECT(nrt_tensor_allocate(0, 0, 4096, \"tensor\", &tensor), 0);")
        .replace(
            "SUBMIT",
            if is_read {
                "nrta_tensor_read(page, tensor, 0, 4096, 0, 0, &status, &id)"
            } else {
                "nrta_tensor_read(bytes, tensor, 0, 4096, 0, 0, page, &id)"
            },
        )
        .replace("WHAT", if is_read { "data" } else { "status" })
        .replace("FIRST", "0x0000000000000001")
}

const PROGRAM: &str = r#"#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
static void *page, *tensor;
static uint8_t bytes[4096];
static int fd, status = 0x7fffffff;
static atomic_bool released;
static void *look(void *unused) {
    bool done = false;
    nrta_is_completed(FIRST, &done);
    if ((done || status != 0x7fffffff) && !released)
        printf("broken: the request has completed before its WHAT was written\n"), fflush(stdout), _exit(1);
    return NULL;
}
static void *keep(void *unused) {
    struct uffdio_writeprotect off = {{(uint64_t)page, 4096}, 0};
    struct pollfd p = {fd, POLLIN};
    pthread_t thread;
    if (poll(&p, 1, 5000) == 1)
        pthread_create(&thread, NULL, look, NULL), usleep(100000);
    released = true, ioctl(fd, UFFDIO_WRITEPROTECT, &off);
    return NULL;
}
int main(int argc, char **argv) {
    struct uffdio_api api = {UFFD_API, UFFD_FEATURE_PAGEFAULT_FLAG_WP};
    struct uffdio_register all = {{0, 4096}, UFFDIO_REGISTER_MODE_WP};
    struct uffdio_writeprotect on = {{0, 4096}, UFFDIO_WRITEPROTECT_MODE_WP};
    uint64_t id = 0;
    pthread_t thread;
    alarm(20), EXPECT(nrt_init(1, "", ""), 0);
    PREPARE
    page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), memset(page, 0x7f, 4096);
    all.range.start = on.range.start = (uint64_t)page;
    fd = syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY | O_NONBLOCK);
    ioctl(fd, UFFDIO_API, &api), ioctl(fd, UFFDIO_REGISTER, &all), ioctl(fd, UFFDIO_WRITEPROTECT, &on);
    pthread_create(&thread, NULL, keep, NULL);
    EXPECT(SUBMIT, 0), wait_for(id);
}
"#;

/// A transfer whose status is written to the trap.
pub(super) fn status_of_transfer(s: &Session) -> Outcome {
    s.init()?;
    let tensor = s.filled_tensor(0, 4096, 3)?;
    let buffer = s.buffer(4096);
    let queue = Queue::transfers(0, 0);
    let (_, id) = s.start_read(s.buffer(4096), tensor, 4096, queue)?;
    s.wait(id)?;
    let call = s.direct("nrta_tensor_read")?;
    s.program(transfer_program(false));
    status_first(s, queue, &|word, id| {
        call.status(&[buffer.address(), tensor.value(), 0, 4096, 0, 0, word, id])
    })
}

/// A run whose status is written to the trap.
pub(super) fn status_of_run(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    let call = s.direct("nrta_execute_schedule")?;
    let prepare = format!("void *model, *in, *out;\n{}", model.in_c());
    let program = PROGRAM.replace("PREPARE", prepare.trim_end());
    let program = program.replace("SUBMIT", "nrta_execute_schedule(model, in, out, 0, page, &id)");
    s.program(program.replace("WHAT", "status").replace("FIRST", "0x0001000000000001"));
    let sets = [io.input_set.value(), io.output_set.value()];
    status_first(s, Queue::compute(0), &|word, id| {
        call.status(&[model.handle.value(), sets[0], sets[1], 0, word, id])
    })
}

fn status_first(s: &Session, queue: Queue, submit: &(dyn Fn(u64, u64) -> Status + Sync)) -> Outcome {
    let catcher = Catcher { s, queue, is_completed: s.direct("nrta_is_completed")? };
    let unused = s.word();
    let mut looked = 0;
    for _ in 0..TIMES {
        let trap = s.trap(4)?;
        let seen = catcher.request(&trap, unused, &|id| submit(trap.address(), id))?;
        if trap.first() == Place::UNTOUCHED {
            return Err(Stop::failed("the request had completed, and its status was not written"));
        }
        looked += u64::from(!matches!(seen, Caught::Nobody));
        if matches!(seen, Caught::Seen(seen) if seen.is_completed) {
            return Err(Stop::failed("the request had completed before its status was written"));
        }
    }
    s.looked(looked);
    if looked == 0 { Err(nobody()) } else { Ok(()) }
}

/// A read whose bytes are written to the trap.
pub(super) fn data_of_read(s: &Session) -> Outcome {
    s.init()?;
    s.needs("nrt_sim_pause", "memory that no driver writes to")?;
    let tensor = s.filled_tensor(0, 4096, 3)?;
    let queue = Queue::transfers(0, 0);
    let (_, id) = s.start_read(s.buffer(4096), tensor, 4096, queue)?;
    s.wait(id)?;
    let call = s.direct("nrta_tensor_read")?;
    s.program(transfer_program(true));
    let catcher = Catcher { s, queue, is_completed: s.direct("nrta_is_completed")? };
    let mut looked = 0;
    for _ in 0..TIMES {
        let (trap, word) = (s.trap(4096)?, s.word());
        let submit = |id| call.status(&[trap.address(), tensor.value(), 0, 4096, 0, 0, word.address(), id]);
        let seen = catcher.request(&trap, word, &submit)?;
        looked += u64::from(!matches!(seen, Caught::Nobody));
        if matches!(seen, Caught::Seen(seen) if seen.is_completed || seen.word != Place::UNTOUCHED) {
            return Err(Stop::failed("the read had ended before its bytes were written"));
        }
    }
    s.looked(looked);
    if looked == 0 { Err(nobody()) } else { Ok(()) }
}
