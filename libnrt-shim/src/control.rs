//! Control of the device while the program runs: what the functions `nrt_sim_*` and `nrt-sim ctl` have in common, and
//! the commands of the latter.

mod client;
mod listener;
mod plan_file;
mod quiet;
pub(crate) mod server;
mod status;

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use sim_core::config::Time;
use sim_core::driver::Waited;
use sim_core::fault::{Entry, Rule};
use sim_core::seq::{UnitId, UnitKind};
use sim_core::time::Nanos;
use sim_models::command::{Command, Idle, Lines, QueueName, Step, Steps};

use crate::armed;
use crate::error::ApiError;
use crate::incident;
use crate::runtime::Runtime;

/// How long a command waits, so that it keeps others, and the end of the program, waiting no longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Entries of the journal in one answer.
const PAGE: usize = 500;

/// Adds a rule, and returns its id.
pub(crate) fn inject(runtime: &Runtime, text: &str) -> Result<u64, ApiError> {
    let rule = Rule::parse(text).map_err(|error| ApiError::Invalid(one_line(&error.to_string())))?;
    let faults = runtime.device.faults();
    let slot = faults.inject(&rule, runtime.device.now());
    let slot = slot.map_err(|error| ApiError::Invalid(error.to_string()))?;
    runtime.rules.tell(faults);
    Ok(slot as u64)
}

/// Removes the rule of that name, or all rules, and returns how many there were.
pub(crate) fn clear(runtime: &Runtime, name: Option<&str>) -> Result<usize, ApiError> {
    let gone = runtime.device.faults().clear(name);
    match name {
        Some(name) if gone == 0 => Err(ApiError::Invalid(format!("there is no rule {name:?}"))),
        _ => Ok(gone),
    }
}

/// The entries of the journal that fit into `size` bytes with a zero byte behind them, from the `from`th on, a line
/// each; and where to go on.
pub(crate) fn journal(runtime: &Runtime, from: u64, size: usize) -> Result<(String, u64), ApiError> {
    /// Less than any entry takes.
    const SHORT: usize = 100;
    let page = runtime.device.faults().journal().read(from, size / SHORT + 1);
    let (mut text, first) = (String::new(), page.next - page.entries.len() as u64);
    for (entry, num) in page.entries.iter().zip(first..) {
        let line = incident::line(entry, runtime.settings.seed).to_string();
        if text.len() + line.len() + "\n\0".len() > size {
            if text.is_empty() {
                let needed = line.len() + "\n\0".len();
                return Err(ApiError::Resource(format!(
                    "the next line needs {needed} bytes, size is {size}"
                )));
            }
            return Ok((text, num));
        }
        text += &line;
        text.push('\n');
    }
    if size == 0 {
        return Err(ApiError::Resource("size is 0, which has no room for the zero byte".into()));
    }
    Ok((text, page.next))
}

/// Lets requests of a paused queue complete; the error is that it is not paused.
pub(crate) fn not_paused() -> ApiError {
    ApiError::Invalid("the queue is not paused; only the requests of one that is can be let through".into())
}

/// Not everything completes by itself; what does not, and why.
pub(crate) fn not_idle(runtime: &Runtime) -> ApiError {
    let obstacles: Vec<String> = runtime.device.obstacles().iter().map(ToString::to_string).collect();
    match obstacles.is_empty() {
        true => ApiError::TimedOut("not everything completes by itself".into()), // it has been released since
        false => ApiError::TimedOut(obstacles.join("; ")),
    }
}

/// Does what a command says.
///
/// # Errors
/// Why it was not done; nothing has changed then.
pub(crate) fn execute(runtime: &Runtime, command: &Command) -> Result<Value, ApiError> {
    let device = &runtime.device;
    match command {
        Command::Status {} => json(status::of(runtime)),
        Command::Inject { rule } => json(inject(runtime, rule)?),
        Command::Clear { name } => json(clear(runtime, name.as_deref())?),
        Command::Pause(name) => {
            let unit = unit(runtime, name)?;
            device.pause(unit);
            json(status::queue(runtime, unit))
        }
        Command::Resume(name) => {
            let unit = unit(runtime, name)?;
            device.resume(unit);
            json(status::queue(runtime, unit))
        }
        Command::Heal(name) => {
            let unit = unit(runtime, name)?;
            device.heal(unit);
            json(status::queue(runtime, unit))
        }
        Command::Step(step) => json(self::step(runtime, step)?),
        Command::Advance { ns } => json(advance(runtime, *ns)?),
        Command::Journal { from } => json(page(runtime, *from)),
        Command::Reload {} => json(armed::reload(runtime)?),
        Command::Idle {} => match device.wait_idle_within(PATIENCE) {
            Waited::Stuck => Err(not_idle(runtime)),
            waited => json(Idle { waiting: waited == Waited::TimedOut }),
        },
    }
}

fn json(answer: impl Serialize) -> Result<Value, ApiError> {
    serde_json::to_value(answer).map_err(|error| ApiError::Failure(error.to_string()))
}

fn step(runtime: &Runtime, step: &Step) -> Result<Steps, ApiError> {
    let Step { core, unit, queue, requests } = step;
    let name = QueueName { core: *core, unit: unit.clone(), queue: *queue };
    let unit = self::unit(runtime, &name)?;
    let stepped = runtime.device.step_queue_within(unit, *requests, PATIENCE).ok_or_else(not_paused)?;
    Ok(Steps { stepped: stepped.completed, waiting: stepped.waited == Waited::TimedOut })
}

/// Moves time on where it does not pass by itself.
fn advance(runtime: &Runtime, ns: u64) -> Result<u64, ApiError> {
    match runtime.settings.time {
        Time::Wall(_) => {
            Err(ApiError::Invalid("time cannot be moved on: in wall-clock time it passes by itself".into()))
        }
        Time::Free | Time::Manual => Ok(runtime.device.advance(Nanos(ns)).0),
    }
}

fn page(runtime: &Runtime, from: u64) -> Lines {
    let page = runtime.device.faults().journal().read(from, PAGE);
    let line = |entry: &Entry| incident::line(entry, runtime.settings.seed);
    Lines { entries: page.entries.iter().map(line).collect(), next: page.next, lost: page.lost }
}

/// The queue that a command names.
fn unit(runtime: &Runtime, name: &QueueName) -> Result<UnitId, ApiError> {
    let kind = UnitKind::ALL.into_iter().find(|kind| kind.name() == name.unit);
    let kind = kind.ok_or_else(|| {
        let known = UnitKind::ALL.map(UnitKind::name).join(", ");
        ApiError::Invalid(format!("unit is {:?}, expected one of {known}", name.unit))
    })?;
    runtime.unit(runtime.core("core", name.core.into())?, kind, name.queue)
}

/// A text that may have lines, such as all that is wrong with a plan, as one line that is safe to log.
pub(crate) fn one_line(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("; ").replace(char::is_control, " ")
}
