//! What implicit async mode makes of calls: runs are left behind, and calls on tensors wait for them.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use sim_core::config::Time;
use sim_core::driver::Waited;
use sim_core::inflight::Access;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::model::{Model, Run};
use sim_core::port::SubmitError;
use sim_core::request::Work;

use super::execute::{no_end, place_limit, placed, wait_for_place};
use super::tensor::span;
use crate::boundary::export;
use crate::callback::{Callback, Function};
use crate::error::ApiError;
use crate::handle::Handle;
use crate::implicit::{Implicit, Lane};
use crate::log::{self, Level};
use crate::runtime::{self, Runtime};

/// Queues a run. It has a place when so many runs before it have ended as the limit says: that is waited for, whether it
/// takes long or not, so it does not depend on threads whether a run that ended badly is told of here.
pub(super) fn execute(
    runtime: &Runtime,
    implicit: &Implicit,
    model: &Model,
    run: &Arc<Run>,
) -> Result<(), ApiError> {
    let lane = implicit.lane(model.core);
    let (device, unit) = (&runtime.device, lane.unit);
    let until = place_limit(runtime);
    implicit.prepare(lane)?;
    loop {
        let before = (device.issued(unit) + 1).saturating_sub(implicit.limit);
        if before > 0 {
            placed(runtime, unit, device.wait_until(unit, before, until))?;
            lane.inflight.waited(before);
        }
        lane.tell()?;
        match device.submit(unit, Work::Execute(Arc::clone(run)), lane.answer(model)) {
            Ok(seq) => {
                lane.inflight.add(seq.num(), run);
                return Ok(());
            }
            // Another thread was faster, or a fault plan says so.
            Err(SubmitError::Full { .. }) => wait_for_place(runtime, unit, until)?,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Waits for the runs of `lane` that a call which uses these bytes comes after; says whether there were any.
fn wait(runtime: &Runtime, lane: &Lane, uses: &[(&Span, Access)]) -> Result<bool, ApiError> {
    let last = |(span, access): &(&Span, Access)| lane.inflight.last_before(span.storage(), *access);
    let Some(num) = uses.iter().filter_map(last).max() else { return Ok(false) };
    match runtime.device.wait_patiently(lane.unit, num) {
        Waited::Completed => lane.inflight.waited(num),
        Waited::TimedOut | Waited::Stuck => {
            return Err(no_end(runtime, lane.unit, "a run that uses the tensor does not end"));
        }
    }
    Ok(true)
}

/// In implicit async mode: waits for the runs that a call which uses these bytes comes after, and tells of one that ended
/// badly on a core that it has waited for, or that the bytes are on.
pub(super) fn guard(runtime: &Runtime, uses: &[(&Span, Access)]) -> Result<(), ApiError> {
    for lane in runtime.implicit.iter().flat_map(Implicit::lanes) {
        let has_waited = wait(runtime, lane, uses)?;
        let core = Some(lane.unit.core);
        if has_waited || uses.iter().any(|(span, _)| span.storage().core() == core) {
            lane.tell()?;
        }
    }
    Ok(())
}

/// In implicit async mode: waits for the runs that use a tensor which is to be freed, so that its memory is free then.
/// Where that has no end they keep the memory, and the tensor is freed all the same.
pub(super) fn before_free(runtime: &Runtime, tensor: Handle<Tensor>) {
    let Some(implicit) = &runtime.implicit else { return };
    let Ok(span) = span(runtime, tensor) else { return };
    for lane in implicit.lanes() {
        if let Err(error) = wait(runtime, lane, &[(&span, Access::Write)]) {
            log::write(error.level(), "nrt_tensor_free", error);
        }
    }
}

/// In implicit async mode: the program has waited for the runs of `core` up to `num`. Waits for their callbacks, and tells
/// of one that ended badly.
pub(super) fn drained(runtime: &Runtime, core: u8, num: u64) -> Result<(), ApiError> {
    let Some(implicit) = &runtime.implicit else { return Ok(()) };
    let lane = implicit.lane(core);
    lane.inflight.waited(num);
    if !lane.desk.wait(num) {
        return Err(ApiError::Closed);
    }
    lane.tell()
}

/// Says, once, that in manual time nobody may sleep until a callback comes.
fn remark_sleep(runtime: &Runtime) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if runtime.settings.time == Time::Manual && !SAID.swap(true, Relaxed) {
        let line =
            "NRT_SIM_TIME=manual: a callback comes only when some thread waits or steps (docs/time.md)";
        log::write(Level::Warn, "nrt_sim", line);
    }
}

/// Without the mode no run calls a callback. That is odd where the mode is only off, and an error where there is none.
fn never_called(runtime: &Runtime) -> Result<(), ApiError> {
    static SAID: AtomicBool = AtomicBool::new(false);
    if !runtime.settings.sdk.has_implicit_async() {
        return Err(ApiError::Failure(
            "implicit async mode was removed in SDK 2.31; see nrta_execute_schedule".into(),
        ));
    }
    if !SAID.swap(true, Relaxed) {
        let line = "no run will call it: NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS is not set";
        log::write(Level::Error, "nrt_register_async_exec_callback", line);
    }
    Ok(())
}

export! {
    /// Has `callback` called, with `params`, for each run of implicit async mode that ends from now on, in place of the
    /// one before; null: the log is told of runs that end badly (observed: there is a default).
    ///
    /// It is called when the run's data, status and number are there, on a thread of the runtime, for each core in the
    /// order of its runs. It may call everything but `nrt_close`.
    "NRT_2.0.0"
    fn nrt_register_async_exec_callback(callback: Option<Function>, params: *mut c_void) {
        let runtime = runtime::open()?;
        let Some(implicit) = &runtime.implicit else { return never_called(&runtime) };
        remark_sleep(&runtime);
        let callback = callback.map(|function| Callback { function, params });
        implicit.register(callback, |lane| lane.desk.last() < runtime.device.issued(lane.unit))
    }
}
