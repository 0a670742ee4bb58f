//! Blocking runs of models, through the same queue as asynchronous ones (observed).

use std::ffi::{c_int, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use sim_core::driver::Waited;
use sim_core::port::SubmitError;
use sim_core::request::{Answer, Work};
use sim_core::seq::{UnitId, UnitKind};
use sim_core::status::Status;
use sim_core::time::Nanos;

use crate::boundary::export;
use crate::error::ApiError;
use crate::handle::Handle;
use crate::loaded::{Caller, Loaded};
use crate::log::{self, Level};
use crate::runtime::{self, Runtime};
use crate::tensor_set::TensorSet;

/// How long a run may wait for a place in the queue: the limit of a run, for each run before it (observed).
fn patience(runtime: &Runtime) -> Option<Duration> {
    let runs = runtime.settings.inflight_max + 1;
    runtime.device.patience(Nanos(runtime.settings.exec_timeout.0.saturating_mul(runs)))
}

fn execute(
    model: Handle<Loaded>,
    input: Handle<TensorSet>,
    output: Handle<TensorSet>,
) -> Result<(), ApiError> {
    let runtime = runtime::open()?;
    let loaded = runtime.models.get(model)?;
    let unit = loaded.model.unit();
    let bank = runtime.device.bank_of(unit.core).index;
    let run = loaded.bind(Caller::Blocking, input, output, bank, runtime.objects())?;
    let deadline = patience(&runtime).and_then(|patience| Instant::now().checked_add(patience));
    loop {
        let status = Arc::new(AtomicU32::new(Status::Success.code()));
        let told = Arc::clone(&status);
        let answer = Answer::Call(Box::new(move |_, status| told.store(status.code(), Relaxed)));
        match runtime.device.perform(unit, Work::Execute(Arc::clone(&run)), answer) {
            // Ordered by the publication of the number, which the wait has seen.
            Ok(Waited::Completed) => return ended(&loaded, status.load(Relaxed)),
            Ok(Waited::TimedOut | Waited::Stuck) => return Err(no_end()),
            Err(SubmitError::Full { .. }) => wait_for_place(&runtime, unit, deadline)?,
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

/// Waits until the oldest request of a full queue has completed.
fn wait_for_place(runtime: &Runtime, unit: UnitId, deadline: Option<Instant>) -> Result<(), ApiError> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    if left.is_some_and(|left| left.is_zero()) {
        return Err(no_place());
    }
    let oldest = runtime.device.completed(unit) + 1;
    match runtime.device.wait(unit, oldest, left) {
        Waited::Completed => Ok(()),
        Waited::TimedOut | Waited::Stuck => Err(no_place()),
    }
}

/// Waits until the compute queue of `core` is empty.
pub(super) fn drain(runtime: &Runtime, core: u8) -> Result<(), ApiError> {
    let unit = runtime.unit(core, UnitKind::Compute, 0)?;
    match runtime.device.wait(unit, runtime.device.issued(unit), None) {
        Waited::Completed => Ok(()),
        Waited::TimedOut | Waited::Stuck => Err(no_end()),
    }
}

/// Nobody can say what such a run ends with; it stays on the queue.
fn no_end() -> ApiError {
    ApiError::TimedOut(
        "the run does not end by itself: a fault or a pause holds its queue up, which only nrt_sim_heal, \
         nrt_sim_resume or nrt_close ends"
            .into(),
    )
}

fn no_place() -> ApiError {
    ApiError::TimedOut("no place in the compute queue within NEURON_RT_EXEC_TIMEOUT".into())
}

export! {
    /// Runs a model and waits for its end. Tensors may be in host memory.
    ///
    /// In implicit async mode it waits as well: that mode is not simulated (see `docs/limitations.md`).
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
    /// Waits until the compute queue of a core is empty.
    "NRT_2.0.0"
    fn nrt_async_drain_queued_execs(core: i32) {
        let runtime = runtime::open()?;
        let core = runtime.core("vnc_idx", core.into())?;
        drain(&runtime, core)
    }
}

export! {
    /// Callbacks belong to implicit async mode, which is not simulated.
    "NRT_2.0.0"
    fn nrt_register_async_exec_callback(_callback: *mut c_void, _params: *mut c_void) {
        runtime::gate()?;
        Err(ApiError::NotSimulated)
    }
}
