//! A thread of the program, which does what its script says and looks out for what cannot be.

use std::time::Duration;

use sim_core::blocking::Transfer;
use sim_core::driver::Waited;
use sim_core::fault::watch::Subject;
use sim_core::fault::{Effect, Operation, Rule};
use sim_core::memory::storage::{Span, Storage};
use sim_core::status::Status;
use sim_core::time::{Nanos, Tick};

use super::rules::NAMES;
use super::script::Op;
use super::stage::{Desk, LEN, Stage};

/// How long a thread waits for a request that may be held up, or paused.
const PATIENCE: Duration = Duration::from_micros(200);

/// A thread and what it has seen.
pub(super) struct Actor<'a> {
    stage: &'a Stage,
    now: Tick,
    /// The last completed number of each queue.
    seen: Vec<u64>,
    /// Memory for transfers of its own.
    buffer: Span,
}

impl<'a> Actor<'a> {
    pub(super) fn new(stage: &'a Stage) -> Actor<'a> {
        let buffer = Span::whole(std::sync::Arc::new(Storage::on_host(LEN).expect("small")));
        Actor { stage, now: Tick::ZERO, seen: vec![0; stage.desks.len()], buffer }
    }

    /// Does what `ops` say.
    ///
    /// # Errors
    /// What cannot be.
    pub(super) fn act(&mut self, ops: &[Op]) -> Result<(), String> {
        for op in ops {
            self.step(op).map_err(|error| format!("{error}, in {op:?}"))?;
            let now = self.stage.device.now();
            if now < self.now {
                return Err(format!("time went back from {:?} to {now:?}, in {op:?}", self.now));
            }
            self.now = now;
        }
        Ok(())
    }

    fn step(&mut self, op: &Op) -> Result<(), String> {
        let device = &self.stage.device;
        let desk = |unit: usize| &self.stage.desks[unit];
        // A number around the last: some have completed, some not, some do not exist yet.
        let number = |unit: usize, back: u64| (device.issued(desk(unit).unit) + 3).saturating_sub(back);
        match op {
            Op::Submit { unit, what } => drop(self.stage.submit(desk(*unit), *what)),
            Op::Look(unit) => return self.look(*unit),
            Op::Ask(unit, back) => {
                let (desk, num) = (desk(*unit), number(*unit, *back));
                return is_answered(desk, num, device.is_completed(desk.unit, num));
            }
            Op::Wait(unit, back) => {
                let (desk, num) = (desk(*unit), number(*unit, *back));
                let waited = device.wait(desk.unit, num, Some(PATIENCE));
                return is_answered(desk, num, waited == Waited::Completed);
            }
            Op::Listen(unit, back) => {
                let num = number(*unit, *back).max(1);
                return desk(*unit).ears.lock().listen(device, desk(*unit).unit, num);
            }
            Op::ListenByNumber { unit, back, on } => {
                let num = number(*unit, *back).max(1);
                desk(*unit).ears.lock().listen_by_number(device, desk(*unit).unit, num, *on);
            }
            Op::ListenToEach { unit, on } => {
                desk(*unit).ears.lock().listen_to_each(device, desk(*unit).unit, *on);
            }
            Op::Forget { unit, which } => {
                desk(*unit).ears.lock().forget(device, desk(*unit).unit, *which);
            }
            Op::Pause(unit) => device.pause(desk(*unit).unit),
            Op::Resume(unit) => device.resume(desk(*unit).unit),
            Op::Step(unit, count) => {
                let done = device.step_queue(desk(*unit).unit, *count);
                if done.is_some_and(|done| done > *count) {
                    return Err(format!("{done:?} went through, where {count} were let"));
                }
            }
            Op::Heal(unit) => device.heal(desk(*unit).unit),
            Op::Inject(rule) => self.inject(rule),
            Op::Clear(name) => drop(device.faults().clear(name.as_deref())),
            Op::Advance(span) => drop(device.advance(*span)),
            Op::Transfer { unit, operation } => self.transfer(desk(*unit), *operation),
            Op::Call { unit, operation } => self.call(desk(*unit), *operation),
            Op::State(unit) => {
                let state = device.queue_state(desk(*unit).unit);
                // The number of the last that was accepted is looked at first.
                if state.completed > device.issued(desk(*unit).unit)
                    || state.accepted.saturating_sub(state.completed) > state.capacity
                {
                    return Err(format!("{state:?}"));
                }
            }
        }
        Ok(())
    }

    fn look(&mut self, unit: usize) -> Result<(), String> {
        let desk = &self.stage.desks[unit];
        let completed = self.stage.device.completed(desk.unit);
        let seen = std::mem::replace(&mut self.seen[unit], completed);
        if completed < seen {
            return Err(format!("{:?} went back from {seen} to {completed}", desk.unit));
        }
        is_answered(desk, completed, true)
    }

    /// Adds a rule. That its end may have been cleared is no error of ours.
    fn inject(&self, rule: &Rule) {
        let mut rules = self.stage.rules.lock();
        if let Ok(slot) = self.stage.device.faults().inject(rule, self.stage.device.now()) {
            rules.push((rule.name.clone(), slot));
        }
    }

    fn transfer(&self, desk: &Desk, operation: Operation) {
        let (target, core) = (self.buffer.extent(), Some(desk.unit.core));
        let wants_tensors = self.stage.device.faults().wants_tensors();
        let tensors = if wants_tensors { std::slice::from_ref(&desk.from) } else { &[] };
        let transfer = Transfer { operation, core, target, tensors, span: Nanos(2_000) };
        self.stage.device.transfer(&transfer, || target.fill(1));
    }

    /// Asks as the runtime does before it allocates or loads.
    fn call(&self, desk: &Desk, operation: Operation) {
        let device = &self.stage.device;
        let core = (operation != Operation::Init).then_some(desk.unit.core);
        let (at, names) = (device.now(), &NAMES[..1]);
        let subject =
            Subject { num: 0, at, operation, bytes: 64, depth: 0, model: None, names, tensors: &[] };
        if let Some((strike, victim)) = device.faults().call(core, subject) {
            device.faults().fired(&strike, victim, at, Effect::Failed(Status::Resource));
        }
    }
}

/// Whoever sees that a request has completed finds its answer given.
fn is_answered(desk: &Desk, num: u64, has_completed: bool) -> Result<(), String> {
    let answers = desk.answers.lock().len() as u64;
    if has_completed && answers < num {
        return Err(format!("{:?}: {num} has completed, but only {answers} are answered", desk.unit));
    }
    Ok(())
}
