use super::Start;
use super::runs::host_tensor;
use crate::abi::{COMPUTE, Status, number};
use crate::rules::histories::load;
use crate::session::{Apart, Session};
use crate::verdict::{Outcome, Stop};

/// A program whose other thread calls something while the queue is held. `SETUP`, `CALL` and the numbers are put in.
const PROGRAM: &str = r#"
static void *model[1], *in[1], *out[1], *tensor[1][1];
static _Atomic int returned;
static void *call(void *none) {
    for (int i = 0; i < TIMES && CALL == 0; i++)
        returned++;
    return none;
}
int main(int argc, char **argv) {
    alarm(20);
    (void)argc, (void)argv;
    load_neff(argv[1]);
    EXPECT(nrt_init(1, "", ""), 0);
SETUP    EXPECT(nrt_sim_pause(0, 1, 0), 0);
    for (int i = 0; i < BEFORE; i++)
        EXPECT(nrt_execute(model[0], in[0], out[0]), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, call, NULL);
    for (int i = 0; i < 3000 && returned < MOST; i++)
        usleep(1000);
    CHECK(returned >= MOST);
    usleep(50000);
    CHECK(returned <= MOST);
    EXPECT(nrt_sim_resume(0, 1, 0), 0);
    pthread_join(thread, NULL);
    CHECK(returned == TIMES);
    return 0;
}
"#;

/// Calls under way on another thread: how often, how many of them return while the queue is held, and the runs before.
struct Plan {
    call: &'static str,
    times: u64,
    most: u64,
    before: u64,
}

fn program(start: &Start<'_>, plan: &Plan) {
    let mut setup = String::new();
    load(&mut setup, 0, &start.model, &start.io);
    let text = PROGRAM
        .trim_start()
        .replace("CALL", plan.call)
        .replace("TIMES", &plan.times.to_string())
        .replace("MOST", &plan.most.to_string())
        .replace("BEFORE", &plan.before.to_string());
    start.s.program(text.replace("SETUP", &setup));
}

/// The rule wants so many calls to return while the queue is held, and the others when it is not.
fn returns(s: &Session, apart: &Apart, most: u64, times: u64) -> Outcome {
    s.until(|| apart.returned() >= most || apart.is_over());
    let stays = apart.stays_at(most);
    if apart.returned() < most {
        return Err(Stop::failed(format!("{} of {most} calls returned", apart.returned())));
    }
    if !stays {
        return Err(Stop::failed(format!("more than {most} calls returned while the queue was held")));
    }
    if apart.is_over() {
        let what =
            format!("the library does not wait for a queue that is held, but answers {}", apart.status());
        return Err(Stop::undecided(what));
    }
    s.release(0, COMPUTE, 0)?;
    s.until(|| apart.is_over());
    if apart.returned() == times {
        return Ok(());
    }
    let what = format!("{} of {times} calls returned, the last with {}", apart.returned(), apart.status());
    Err(Stop::failed(what))
}

/// So many runs while the queue is held, of which so many return.
fn limit(s: &Session, most: u64) -> Outcome {
    let start = Start::new(s)?;
    let times = most + 1;
    program(&start, &Plan { call: "nrt_execute(model[0], in[0], out[0])", times, most, before: 0 });
    s.hold(0, COMPUTE, 0)?;
    let sets = [start.io.input_set.value(), start.io.output_set.value()];
    let apart = s.apart("nrt_execute", vec![start.model.handle.value(), sets[0], sets[1]], times)?;
    returns(s, &apart, most, times)
}

pub(super) fn three(s: &Session) -> Outcome {
    limit(s, 3)
}

pub(super) fn clamped(s: &Session) -> Outcome {
    limit(s, 63)
}

pub(super) fn drain_blocks(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    program(&start, &Plan { call: "nrt_async_drain_queued_execs(0)", times: 1, most: 0, before: 2 });
    s.hold(0, COMPUTE, 0)?;
    for _ in 0..2 {
        start.begin()?;
    }
    let apart = s.apart("nrt_async_drain_queued_execs", vec![0], 1)?;
    returns(s, &apart, 0, 1)
}

pub(super) fn drain_of_nothing(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.drain(0)?.is(Status::SUCCESS)?;
    start.begin()?;
    s.drain(0)?.is(Status::SUCCESS)?;
    s.drain(0)?.is(Status::SUCCESS)
}

pub(super) fn drain_of_another_core(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    let (start, other) = (Start::on(s, 0)?, Start::on(s, 1)?);
    s.hold(1, COMPUTE, 0)?;
    other.begin()?;
    start.begin()?;
    s.drain(0)?.is(Status::SUCCESS)?;
    s.release(1, COMPUTE, 0)?;
    s.drain(1)?.is(Status::SUCCESS)
}

pub(super) fn never_full(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    for _ in 0..s.effort(100) {
        start.run()?;
    }
    s.drain(0)?.is(Status::SUCCESS)
}

pub(super) fn no_number(s: &Session) -> Outcome {
    s.call("nrt_init", [1.into(), "".into(), "".into()])?.is(Status::INVALID)
}

pub(super) fn off(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let (word, id) = (s.word(), s.sequence());
    s.schedule(&start.model, &start.io, word, id)?.is(Status::SUCCESS)?;
    s.completes(id)?;
    let what = format!("it ended with {}", Status(word.signed()));
    s.check(word.signed() == 0, format!("{} == 0", word.name), what)
}

/// A run that is over when `nrt_execute` returns: its number says so, and it may have tensors of the host.
pub(super) fn blocking(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.run(&start.model, &start.io)?.is(Status::SUCCESS)?;
    if s.sdk > crate::abi::Sdk::V2_28 {
        let id = s.sequence();
        let answer = s.call("nrta_get_sequence", [0.into(), COMPUTE.into(), 0.into(), id.at()])?;
        // Whether nrta_* are still refused where the variable is set is not said.
        if answer.status() == Status::SUCCESS {
            let what = format!("the last run that is over has number {}", number(id.value()));
            let in_c = format!("({} & 0xffffffffffff) == 1", id.name);
            s.check(number(id.value()) == 1, in_c, what)?;
        }
    }
    let (name, size) = &start.model.inputs[0];
    let tensor = host_tensor(s, start.io.input_set, name, *size)?;
    let bytes = s.buffer(*size);
    s.fill(bytes, 1);
    s.call("nrt_tensor_write", [tensor.into(), bytes.into(), 0.into(), (*size).into()])?.needed()?;
    let wanted = start.outputs()?;
    start.spoil()?;
    s.run(&start.model, &start.io)?.is(Status::SUCCESS)?;
    start.are(&start.outputs()?, &wanted)
}
