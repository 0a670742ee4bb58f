//! One case: a program, a plan of faults, and the account of both.

use std::mem::ManuallyDrop;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use sim_core::driver::Waited;
use sim_core::status::Status;

use super::actor::Actor;
use super::history::{Circumstances, check_memory, check_tally};
use super::script::{Deed, Script, What};
use super::stage::{Desk, FILL, LEN, Stage};
use super::stats::Stats;

/// How many requests each queue must complete with success after it was healed.
const AFTERWARDS: usize = 2;

/// Runs the case of `seed`, which decides everything but the order of threads.
///
/// # Errors
/// What the device did that it must not do.
pub(crate) fn case(seed: u64) -> Result<Stats, String> {
    let script = Script::draw(seed);
    // If anything is wrong its threads may go on, with memory that must be there.
    let stage = ManuallyDrop::new(Stage::open(&script));
    let stats = examine(&stage, &script)?;
    drop(ManuallyDrop::into_inner(stage));
    Ok(stats)
}

/// Runs `script` and looks at what has come of it.
fn examine(stage: &Stage, script: &Script) -> Result<Stats, String> {
    let before = stage.memory();
    perform(stage, script)?;
    let settled: Vec<u64> = stage.desks.iter().map(|desk| stage.device.issued(desk.unit)).collect();
    if !script.closes {
        settle(stage)?;
        check_memory(&before, &stage.memory())?;
    }
    let given_up = stage.device.close();
    check_memory(&before, &stage.memory())?;
    let journal = stage.journal();
    check_tally(&stage.fired(), &journal)?;
    let circumstances =
        Circumstances { sees_nan: script.sees_nan, heals: script.heals(), closes: script.closes };
    let mut stats = Stats::default();
    for (desk, settled) in stage.desks.iter().zip(settled) {
        let history = desk.history(&journal, settled);
        history.check(circumstances)?;
        check_ledger(stage, desk, &history.answers, history.refused.len())?;
        stats.requests += history.answers.len() as u64;
        stats.refused += history.refused.len() as u64;
        stats.signals += history.heard.iter().map(|heard| heard.count).sum::<u64>();
    }
    if given_up > 0 && !script.closes {
        return Err(format!("{given_up} requests were given up after everything was healed"));
    }
    if Arc::strong_count(&stage.token) != 1 {
        return Err("an answer is neither given nor dropped".into());
    }
    stats.note(&journal);
    Ok(stats)
}

/// Has each thread do what its script says.
fn perform(stage: &Stage, script: &Script) -> Result<(), String> {
    if let [only] = &script.threads[..] {
        return Actor::new(stage).act(only);
    }
    thread::scope(|scope| {
        let threads = script.threads.iter().map(|ops| scope.spawn(|| Actor::new(stage).act(ops)));
        let threads: Vec<_> = threads.collect();
        let ended: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        ended.into_iter().try_for_each(|ended| ended.unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

/// Ends all faults and pauses: whatever was accepted completes, and whatever follows does with success.
fn settle(stage: &Stage) -> Result<(), String> {
    let device = &stage.device;
    device.faults().clear(None);
    for desk in &stage.desks {
        device.resume(desk.unit);
        device.heal(desk.unit);
    }
    for desk in &stage.desks {
        let last = device.issued(desk.unit);
        let waited = device.wait(desk.unit, last, None);
        if waited != Waited::Completed {
            return Err(format!(
                "{:?}: {last} does not complete though all is healed: {waited:?}",
                desk.unit
            ));
        }
    }
    // What was hanging has ended its unit by now.
    stage.desks.iter().for_each(|desk| device.heal(desk.unit));
    for desk in &stage.desks {
        afterwards(stage, desk)?;
    }
    while device.config().time == sim_core::config::Time::Manual && device.step().is_some() {}
    match device.wait_idle() {
        true => Ok(()),
        false => Err("not idle though all has completed".into()),
    }
}

/// Requests of a healed queue end with success and do their work.
fn afterwards(stage: &Stage, desk: &Desk) -> Result<(), String> {
    let unit = desk.unit;
    for _ in 0..AFTERWARDS {
        let span = |tensor: &sim_core::memory::tensor::Tensor| tensor.span().expect("not empty").extent();
        span(&desk.from).fill(FILL);
        let what = What { deed: Deed::Copy, is_fresh: false, is_heavy: false };
        let num = stage.submit(desk, what).map_err(|error| format!("{unit:?} is healed, but {error}"))?;
        let waited = stage.device.wait(unit, num, None);
        if waited != Waited::Completed {
            return Err(format!("{unit:?} is healed, but {num} does not complete: {waited:?}"));
        }
        let mut bytes = [0; LEN];
        span(&desk.to).load(&mut bytes);
        let status = desk.answers.lock().last().copied();
        if status != Some((num, Status::Success)) || bytes != [FILL; LEN] {
            return Err(format!("{unit:?} is healed, but {num} ends with {status:?} and {bytes:?}"));
        }
    }
    Ok(())
}

/// Whether the ledger counts what was seen.
fn check_ledger(stage: &Stage, desk: &Desk, answers: &[(u64, Status)], refused: usize) -> Result<(), String> {
    let queue = stage.device.ledger().queue(desk.unit);
    let accepted = queue.accepted();
    if accepted != answers.len() as u64 || queue.full() > refused as u64 {
        return Err(format!("{:?}: the ledger has {accepted} of {}", desk.unit, answers.len()));
    }
    for status in Status::ALL {
        let told = answers.iter().filter(|(_, other)| *other == status).count() as u64;
        if queue.completed(status) != told {
            return Err(format!(
                "{:?}: the ledger has {} {status:?}, not {told}",
                desk.unit,
                queue.completed(status)
            ));
        }
    }
    Ok(())
}
