use super::Start;
use crate::abi::Status;
use crate::session::{Session, Told};
use crate::verdict::Outcome;

/// A status of a run that leaves the unit as it is.
const MILD: i32 = 1004;
const PARAMS: u64 = 0x1234;
const OTHERS: u64 = 0x5678;

/// The rule wants a run to have been told like this; `in_c` is about `runs[at]`.
fn was(s: &Session, at: usize, holds: bool, in_c: &str, told: &[Told]) -> Outcome {
    s.check(holds, format!("runs[{at}].{in_c}"), format!("run {at} was told as {:?}", told[at]))
}

pub(super) fn once_each(s: &Session) -> Outcome {
    const RUNS: usize = 10;
    let start = Start::new(s)?;
    s.register(PARAMS)?.is(Status::SUCCESS)?;
    for _ in 0..RUNS {
        start.begin()?;
    }
    start.drain()?;
    s.told(RUNS)?;
    // What is told twice would be told by the time that the core has done some more.
    start.begin()?;
    start.drain()?;
    let count = s.told(RUNS + 1)?.len();
    s.check(count == RUNS + 1, format!("run_count == {}", RUNS + 1), format!("{count} runs were told"))
}

pub(super) fn arguments(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.register(PARAMS)?.needed()?;
    start.begin()?;
    let told = s.told(1)?;
    was(s, 0, told[0].params == PARAMS, &format!("params == (void *){PARAMS}"), &told)?;
    was(s, 0, told[0].core == 0, "core == 0", &told)?;
    was(s, 0, told[0].status == Status::SUCCESS, "status == 0", &told)
}

pub(super) fn other_core(s: &Session) -> Outcome {
    s.init()?;
    s.needs_cores(2)?;
    let start = Start::on(s, 1)?;
    s.register(PARAMS)?.needed()?;
    start.begin()?;
    let told = s.told(1)?;
    was(s, 0, told[0].core == 1, "core == 1", &told)
}

pub(super) fn models(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    let other = Start::on(s, 0)?;
    s.register(PARAMS)?.needed()?;
    for run in [&start, &other, &start, &other] {
        run.begin()?;
        run.drain()?;
    }
    let told = s.told(4)?;
    was(s, 2, told[2].model == told[0].model, "model == runs[0].model", &told)?;
    was(s, 3, told[3].model == told[1].model, "model == runs[1].model", &told)?;
    was(s, 1, told[1].model != told[0].model, "model != runs[0].model", &told)
}

pub(super) fn replaced(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.register(PARAMS)?.needed()?;
    start.begin()?;
    start.drain()?;
    s.told(1)?;
    s.register(OTHERS)?.is(Status::SUCCESS)?;
    start.begin()?;
    start.drain()?;
    let told = s.told(2)?;
    was(s, 0, told[0].params == PARAMS, &format!("params == (void *){PARAMS}"), &told)?;
    was(s, 1, told[1].params == OTHERS, &format!("params == (void *){OTHERS}"), &told)?;
    s.check(told.len() == 2, "run_count == 2", format!("{} callbacks came for two runs", told.len()))
}

pub(super) fn failure(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.register(PARAMS)?.needed()?;
    s.inject_status(0, 2, MILD)?;
    for _ in 0..3 {
        // The failure may be told at a later run too.
        s.run(&start.model, &start.io)?.is_one_of(&[Status::SUCCESS, Status(MILD)])?;
    }
    s.drain(0)?.ignored();
    let told = s.told(2)?;
    was(s, 0, told[0].status == Status::SUCCESS, "status == 0", &told)?;
    was(s, 1, told[1].status == Status(MILD), &format!("status == {MILD}"), &told)
}

pub(super) fn next_call(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.inject_status(0, 1, MILD)?;
    start.begin()?;
    let size = start.io.output_sizes[0];
    let bytes = s.buffer(size);
    let answer = s.int();
    let arguments = [start.io.outputs[0].into(), bytes.into(), 0.into(), size.into()];
    s.assign(answer, "nrt_tensor_read", arguments)?;
    let what = "the read after a run that failed succeeded";
    s.check(answer.value() != 0, format!("{} != 0", answer.name), what)
}

pub(super) fn close(s: &Session) -> Outcome {
    let start = Start::new(s)?;
    s.register(PARAMS)?.needed()?;
    for _ in 0..3 {
        start.begin()?;
    }
    s.close()?;
    let told = s.told(3)?;
    for at in 0..3 {
        was(s, at, told[at].status == Status::SUCCESS, "status == 0", &told)?;
    }
    Ok(())
}
