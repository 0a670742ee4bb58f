//! Blocking runs of models, through the same queue as asynchronous ones (observed).

use std::ffi::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use sim_core::driver::Waited;
use sim_core::port::SubmitError;
use sim_core::request::{Answer, Work};
use sim_core::seq::{UnitId, UnitKind};
use sim_core::shard::Cause;
use sim_core::status::Status;
use sim_core::time::{Nanos, Tick};
use sim_models::trail::Means;

use super::implicit;
use crate::boundary::export;
use crate::check::Blocking;
use crate::error::ApiError;
use crate::handle::Handle;
use crate::loaded::{Caller, Loaded};
use crate::log::{self, Level};
use crate::runtime::{self, Runtime};
use crate::tensor_set::TensorSet;
use crate::trail;

/// Until when a run that comes now waits for a place in the queue: for the limit of a run, for each run before it
/// (observed).
pub(super) fn place_limit(runtime: &Runtime) -> Tick {
    let runs = runtime.settings.inflight_max + 1;
    runtime.device.now() + Nanos(runtime.settings.exec_timeout.0.saturating_mul(runs))
}

fn execute(
    model: Handle<Loaded>,
    input: Handle<TensorSet>,
    output: Handle<TensorSet>,
) -> Result<(), ApiError> {
    let runtime = runtime::open()?;
    trail::ran(&runtime);
    let loaded = runtime.models.get(model)?;
    let unit = loaded.model.unit();
    let bank = runtime.device.bank_of(unit.core).index;
    let caller = if runtime.implicit.is_some() { Caller::Implicit } else { Caller::Blocking };
    let run = loaded.bind(caller, input, output, bank, runtime.objects())?;
    if let Some(mode) = &runtime.implicit {
        return implicit::execute(&runtime, mode, &loaded.model, &run);
    }
    let until = place_limit(&runtime);
    let blocking = Blocking::runs(&runtime, "nrt_execute", unit, &run);
    loop {
        let status = Arc::new(AtomicU32::new(Status::Success.code()));
        let told = Arc::clone(&status);
        let answer = Answer::Call(Box::new(move |_, status| told.store(status.code(), Relaxed)));
        let answer = blocking.watch(answer);
        match runtime.device.perform(unit, Work::Execute(Arc::clone(&run)), answer) {
            // Ordered by the publication of the number, which the wait has seen.
            Ok(Waited::Completed) => {
                blocking.has_run();
                return ended(&loaded, status.load(Relaxed));
            }
            Ok(Waited::TimedOut | Waited::Stuck) => {
                return Err(no_end(&runtime, unit, "the run stays queued and does not end by itself"));
            }
            Err(SubmitError::Full { .. }) => wait_for_place(&runtime, unit, until)?,
            Err(error) => return Err(error.into()),
        }
    }
}

fn ended(loaded: &Loaded, code: u32) -> Result<(), ApiError> {
    let status = Status::from_code(code).unwrap_or(Status::Failure);
    if status == Status::Success {
        return Ok(());
    }
    let line = format!("Failed to execute model {} with status {code}", loaded.model.name);
    log::write(Level::Error, "nrt_execute", line);
    Err(ApiError::Ended(status))
}

/// Waits until a full queue has a place.
pub(super) fn wait_for_place(runtime: &Runtime, unit: UnitId, until: Tick) -> Result<(), ApiError> {
    placed(runtime, unit, runtime.device.wait_for_place(unit, until))
}

/// What came of waiting for a place.
pub(super) fn placed(runtime: &Runtime, unit: UnitId, waited: Waited) -> Result<(), ApiError> {
    match waited {
        Waited::Completed => Ok(()),
        Waited::TimedOut => Err(ApiError::TimedOut(
            "the compute queue is full, and had no place within NEURON_RT_EXEC_TIMEOUT".into(),
        )),
        Waited::Stuck => Err(no_end(runtime, unit, "the compute queue is full and stays so")),
    }
}

/// Waits until the compute queue of `core` is empty.
pub(super) fn drain(runtime: &Runtime, core: u8) -> Result<(), ApiError> {
    let unit = runtime.unit(core, UnitKind::Compute, 0)?;
    let last = runtime.device.issued(unit);
    match runtime.device.wait_patiently(unit, last) {
        Waited::Completed => {
            runtime.check.iter().for_each(|check| check.seen(unit, last, "nrt_async_drain_queued_execs"));
            trail::seen(runtime, unit, last, Means::Blocking);
            implicit::drained(runtime, core, last)
        }
        Waited::TimedOut | Waited::Stuck => Err(no_end(runtime, unit, "the queue does not become empty")),
    }
}

/// A wait for `unit` that has no end. `state` is what became of what the call wants; what is queued stays so, and nobody
/// can say what it will end with.
pub(super) fn no_end(runtime: &Runtime, unit: UnitId, state: &str) -> ApiError {
    let Some(obstacle) = runtime.device.obstacle(unit) else {
        return ApiError::TimedOut(format!("{state}; what held its queue up has just been ended, try again"));
    };
    let remedy = match obstacle.cause {
        Cause::Paused => "nrt_sim_resume or nrt_close ends the pause, nrt_sim_step lets requests through",
        Cause::Stuck(_) | Cause::Unannounced(_) => "nrt_sim_heal undoes that, nrt_close gives it up",
    };
    ApiError::TimedOut(format!("{state}: {obstacle}; {remedy}"))
}

export! {
    /// Runs a model and waits for its end. Tensors may be in host memory.
    ///
    /// In implicit async mode it returns when the run is queued, and waits for a place if it must; tensors must be on the
    /// device, and calls on them wait for the run (observed).
    "NRT_2.0.0"
    fn nrt_execute(model: Handle<Loaded>, input: Handle<TensorSet>, output: Handle<TensorSet>) {
        execute(model, input, output)
    }
}

export! {
    /// The same for a count of one; more are refused (observed).
    "NRT_2.0.0"
    fn nrt_execute_repeat(model: Handle<Loaded>, input: Handle<TensorSet>, output: Handle<TensorSet>, count: c_int) {
        runtime::gate()?;
        if count != 1 {
            return Err(ApiError::Invalid(format!(
                "repeat_count is {count}, expected 1. Supports for loops on the host is deprecated"
            )));
        }
        execute(model, input, output)
    }
}

export! {
    /// Waits until the compute queue of a core is empty, and in implicit async mode for the callbacks of its runs.
    "NRT_2.0.0"
    fn nrt_async_drain_queued_execs(core: i32) {
        let runtime = runtime::open()?;
        let core = runtime.core("vnc_idx", core.into())?;
        drain(&runtime, core)
    }
}
