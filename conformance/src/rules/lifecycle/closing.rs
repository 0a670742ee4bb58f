//! `nrt_close`, with and without work left, and ends without it.

use std::thread;
use std::time::Duration;

use super::gates::CLOSED;
use super::init;
use crate::abi::{COMPUTE, DEVICE, Status, TENSOR_OP};
use crate::session::{Buffer, Place, Session};
use crate::verdict::Outcome;

/// The rule wants an allocation to be possible.
fn is_alive(s: &Session) -> Outcome {
    let tensor = s.pointer('t');
    let arguments = [DEVICE.into(), 0.into(), 4096.into(), "t".into(), tensor.at()];
    s.call("nrt_tensor_allocate", arguments)?.is(Status::SUCCESS)
}

pub(super) fn before_init(s: &Session) -> Outcome {
    s.close()?;
    init(s)?.is(Status::SUCCESS)?;
    is_alive(s)
}

pub(super) fn cycles(s: &Session) -> Outcome {
    for _ in 0..s.effort(5) {
        init(s)?.is(Status::SUCCESS)?;
        is_alive(s)?;
        let model = s.model(0)?;
        let io = s.io(&model)?;
        let arguments = [model.handle.into(), io.input_set.into(), io.output_set.into()];
        s.call("nrt_execute", arguments)?.is(Status::SUCCESS)?;
        s.close()?;
    }
    Ok(())
}

pub(super) fn cycles_of_requests(s: &Session) -> Outcome {
    for _ in 0..s.effort(3) {
        s.init()?;
        let model = s.model(0)?;
        let io = s.io(&model)?;
        let (word, id) = (s.word(), s.sequence());
        s.schedule(&model, &io, word, id)?.is(Status::SUCCESS)?;
        s.completes(id)?;
        let in_c = format!("{} == 0", word.name);
        s.check(word.value() == 0, in_c, format!("its status is {}", word.signed()))?;
        s.close()?;
    }
    Ok(())
}

pub(super) fn twice(s: &Session) -> Outcome {
    s.init()?;
    s.close()?;
    s.close()?;
    let set = s.pointer('s');
    s.call("nrt_allocate_tensor_set", [set.at()])?.is_one_of(&CLOSED)?;
    init(s)?.is(Status::SUCCESS)?;
    is_alive(s)
}

/// Submits runs that are still queued when `nrt_close` comes, where the library can be made to keep them.
fn queue_runs(s: &Session) -> Outcome<Vec<(Place, Place)>> {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    keep(s, COMPUTE)?;
    let runs = s.compute_capacity().min(4);
    (0..runs).map(|_| s.submit(&model, &io)).collect()
}

/// Holds a queue, on libraries that offer it: closing lets it go on. Others are merely quick or not.
fn keep(s: &Session, xu: u32) -> Outcome {
    if s.offers("nrt_sim_pause") { s.hold(0, xu, 0) } else { Ok(()) }
}

pub(super) fn statuses_are_written(s: &Session) -> Outcome {
    let runs = queue_runs(s)?;
    s.close()?;
    for (word, _) in runs {
        let in_c = format!("{} != {:#x}", word.name, Place::UNTOUCHED);
        s.check(!word.is_untouched(), in_c, format!("{} has no status after nrt_close", word.name))?;
    }
    Ok(())
}

pub(super) fn runs_are_done(s: &Session) -> Outcome {
    let runs = queue_runs(s)?;
    s.close()?;
    for (word, _) in runs {
        let in_c = format!("{} == 0", word.name);
        let otherwise = format!("the status of {} after nrt_close is {}", word.name, word.signed());
        s.check(word.value() == 0, in_c, otherwise)?;
    }
    Ok(())
}

const READ: usize = 1 << 20;

/// Submits reads of a tensor that holds the pattern `seed`, to buffers of their own.
fn queue_reads(s: &Session, seed: u8) -> Outcome<Vec<(Buffer, Place)>> {
    s.init()?;
    let tensor = s.filled_tensor(0, READ, seed)?;
    keep(s, TENSOR_OP)?;
    let read = || {
        let (buffer, word, id) = (s.buffer(READ), s.word(), s.sequence());
        let what = [buffer.into(), tensor.into(), 0.into(), READ.into()];
        let [bytes, tensor, offset, size] = what;
        let arguments = [bytes, tensor, offset, size, 0.into(), 0.into(), word.at(), id.at()];
        s.call("nrta_tensor_read", arguments)?.needed()?;
        Ok((buffer, word))
    };
    (0..3).map(|_| read()).collect()
}

pub(super) fn reads_are_done(s: &Session) -> Outcome {
    let reads = queue_reads(s, 21)?;
    s.close()?;
    for (buffer, _) in reads {
        s.holds(buffer, 0, READ, 21, 0)?;
    }
    Ok(())
}

pub(super) fn events_are_signalled(s: &Session) -> Outcome {
    let runs = queue_runs(s)?;
    let mut events = Vec::new();
    for (_, id) in runs {
        let fd = s.eventfd()?;
        s.call("nrta_event_register_seq_id_completion", [id.into(), fd.into()])?.needed()?;
        events.push(fd);
    }
    s.close()?;
    for fd in events {
        let in_c = format!("readable({})", fd.name);
        s.check(s.is_readable(fd, 0), in_c, format!("{} has no event after nrt_close", fd.name))?;
    }
    Ok(())
}

pub(super) fn nothing_is_late(s: &Session) -> Outcome {
    let reads = queue_reads(s, 22)?;
    s.close()?;
    for (buffer, word) in &reads {
        s.statement(format!("{} = {:#x}", word.name, Place::UNTOUCHED));
        word.set(Place::UNTOUCHED.into());
        s.fill(*buffer, 23);
    }
    // Whatever threads are left have time to do harm while another life passes.
    cycles_of_requests(s)?;
    for (buffer, word) in reads {
        let in_c = format!("{} == {:#x}", word.name, Place::UNTOUCHED);
        let otherwise = format!("{} was written after nrt_close: {}", word.name, word.signed());
        s.check(word.is_untouched(), in_c, otherwise)?;
        s.holds(buffer, 0, READ, 23, 0)?;
    }
    Ok(())
}

/// Bytes in use on core 0.
fn used(s: &Session) -> Outcome<Place> {
    let (stats, size) = (s.buffer(16), s.long());
    s.call("nrt_get_vnc_memory_stats", [0.into(), stats.into(), 16.into(), size.at()])?.needed()?;
    let used = s.long();
    s.statement(format!("{} = *(uint64_t *){}", used.name, stats.name));
    used.set(stats.u64(0));
    Ok(used)
}

/// The rule wants no more to be in use after a new beginning than `before`.
fn is_given_back(s: &Session, before: Place) -> Outcome {
    s.close()?;
    s.init()?;
    let after = used(s)?;
    let in_c = format!("{} <= {}", after.name, before.name);
    let otherwise = format!("{} bytes are in use, and {} were at first", after.value(), before.value());
    s.check(after.value() <= before.value(), in_c, otherwise)
}

pub(super) fn memory_of_tensors(s: &Session) -> Outcome {
    s.init()?;
    let before = used(s)?;
    let tensor = s.tensor(0, 1 << 20)?;
    let slice = s.pointer('t');
    let arguments = [tensor.into(), 4096.into(), 4096.into(), "slice".into(), slice.at()];
    s.call("nrt_tensor_allocate_slice", arguments)?.needed()?;
    let set = s.set()?;
    s.call("nrt_add_tensor_to_tensor_set", [set.into(), "x".into(), tensor.into()])?.needed()?;
    is_given_back(s, before)
}

pub(super) fn memory_of_models(s: &Session) -> Outcome {
    s.init()?;
    let before = used(s)?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.execute(&model, &io)?;
    is_given_back(s, before)
}

pub(super) fn after_failed_load(s: &Session) -> Outcome {
    s.init()?;
    let (file, model) = (s.buffer(5000), s.pointer('m'));
    s.fill(file, 1);
    let arguments = [file.into(), 5000.into(), 0.into(), (-1).into(), model.at()];
    s.call("nrt_load", arguments)?.ignored();
    s.close()?;
    init(s)?.is(Status::SUCCESS)?;
    is_alive(s)
}

pub(super) fn late_frees(s: &Session) -> Outcome {
    s.init()?;
    let model = s.model(0)?;
    let io = s.io(&model)?;
    s.close()?;
    for tensor in io.inputs.iter().chain(&io.outputs) {
        s.call("nrt_tensor_free", [tensor.at()])?.ignored();
    }
    for set in [io.input_set, io.output_set] {
        s.call("nrt_destroy_tensor_set", [set.at()])?.ignored();
    }
    s.call("nrt_unload", [model.handle.into()])?.is_one_of(&CLOSED)
}

pub(super) fn exit_in_flight(s: &Session) -> Outcome {
    queue_runs(s)?;
    s.exit()
}

/// A program that is linked with a library cannot unload it, so this one opens a copy.
const DLCLOSE: &str = r#"#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#define CALL(name, ...) ((__typeof__(name) *)dlsym(copy, #name))(__VA_ARGS__)
int main(void) {
    alarm(20);
    int from = open(getenv("LD_PRELOAD"), O_RDONLY), to = memfd_create("copy", 0);
    while (sendfile(to, from, NULL, 1 << 30) > 0)
        ;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", to);
    void *copy = dlopen(path, RTLD_NOW), *tensor;
    EXPECT(CALL(nrt_init, 1, "", ""), 0);
    EXPECT(CALL(nrt_tensor_allocate, 0, 0, 1 << 20, "t", &tensor), 0);
    static uint8_t bytes[1 << 20];
    static int status;
    static uint64_t id;
    for (int i = 0; i < 4; i++)
        EXPECT(CALL(nrta_tensor_write, tensor, bytes, 0ul, sizeof bytes, 0, 0, &status, &id), 0);
    dlclose(copy);
    usleep(100000);
    return 0;
}
"#;

pub(super) fn dlclose_in_flight(s: &Session) -> Outcome {
    s.program(DLCLOSE);
    s.init()?;
    let tensor = s.filled_tensor(0, READ, 1)?;
    let (buffer, word, id) = (s.buffer(READ), s.word(), s.sequence());
    for _ in 0..4 {
        let [target, bytes, size] = [tensor.into(), buffer.into(), READ.into()];
        let arguments = [target, bytes, 0.into(), size, 0.into(), 0.into(), word.at(), id.at()];
        s.call("nrta_tensor_write", arguments)?.needed()?;
    }
    s.dlclose()?;
    // Threads that have lost their code do not live long.
    thread::sleep(Duration::from_millis(100));
    s.exit()
}

pub(super) fn close_at_exit(s: &Session) -> Outcome {
    s.init()?;
    s.tensor(0, 4096)?;
    s.at_exit("nrt_close", &[])?;
    s.exit()
}

const FREE_AT_EXIT: &str = "\
static void *t0;
static void late(void) {
    nrt_tensor_free(&t0);
}
int main(void) {
    alarm(20);
    EXPECT(nrt_init(1, \"\", \"\"), 0);
    EXPECT(nrt_tensor_allocate(0, 0, 4096, \"t0\", &t0), 0);
    atexit(late);
    return 0;
}
";

pub(super) fn free_at_exit(s: &Session) -> Outcome {
    s.program(FREE_AT_EXIT);
    s.init()?;
    let tensor = s.tensor(0, 4096)?;
    s.at_exit("nrt_tensor_free", &[tensor.at()])?;
    s.exit()
}
