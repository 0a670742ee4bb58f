//! Learning of completions: by polling and by eventfd.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use sim_core::config::Time;
use sim_core::port::Signal;
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_models::trail::Means;

use crate::boundary::{Out, export};
use crate::check::Registration;
use crate::error::ApiError;
use crate::eventfd::Event;
use crate::log::{self, Level};
use crate::runtime::{Runtime, checked_queue, explicit};
use crate::trail;

use std::os::fd::IntoRawFd;

/// The kind of unit that a number of `nrta_xu_t` means: since 2.29, or in 2.28.
pub(super) fn kind(number: u32, kinds: &[UnitKind]) -> Result<UnitKind, ApiError> {
    let found = usize::try_from(number).ok().and_then(|number| kinds.get(number));
    found.copied().ok_or_else(|| ApiError::out_of_range("xu_type", number, kinds.len()))
}

/// The kinds since 2.29.
pub(super) const KINDS: [UnitKind; 3] = [UnitKind::TensorOp, UnitKind::Compute, UnitKind::Collectives];
const KINDS_2_28: [UnitKind; 5] = [
    UnitKind::TensorRead,
    UnitKind::TensorWrite,
    UnitKind::TensorOp,
    UnitKind::Compute,
    UnitKind::Collectives,
];

fn last_completed(
    core: u32,
    xu: u32,
    kinds: &[UnitKind],
    queue: c_int,
    seq: Out<u64>,
) -> Result<(), ApiError> {
    let runtime = explicit()?;
    let seq = seq.place("seq")?;
    let kind = kind(xu, kinds)?;
    checked_queue(kind, queue)?;
    let unit = runtime.unit(runtime.core("lnc_idx", core.into())?, kind, queue)?;
    let num = if runtime.is_watched { look(&runtime, unit) } else { runtime.device.completed(unit) };
    seq.set(Seq::new(unit, num).raw());
    Ok(())
}

/// How far `unit` has come, where somebody is told that the program knows.
#[inline(never)] // where nobody is, it is not to be in the way
fn look(runtime: &Runtime, unit: UnitId) -> u64 {
    runtime.check.iter().for_each(|check| check.enters("nrta_get_sequence"));
    let num = runtime.device.completed(unit);
    runtime.check.iter().for_each(|check| check.looked(unit, num));
    trail::seen(runtime, unit, num, Means::Sequence);
    num
}

/// The request that `seq` names in the call `call`.
#[inline]
fn named(
    runtime: &Runtime,
    seq: u64,
    kinds: &[UnitKind],
    call: &'static str,
) -> Result<(UnitId, u64), ApiError> {
    match runtime.request(seq, kinds) {
        Ok(named) => Ok(named),
        Err(error) => Err(names_none(runtime, seq, call, error)),
    }
}

#[cold]
fn names_none(runtime: &Runtime, seq: u64, call: &'static str, error: ApiError) -> ApiError {
    runtime.check.iter().for_each(|check| check.named_none(seq, call));
    error
}

fn is_completed(seq: u64, kinds: &[UnitKind], completed: Out<bool>) -> Result<(), ApiError> {
    let runtime = explicit()?;
    let completed = completed.place("is_completed")?;
    let (unit, num) = named(&runtime, seq, kinds, "nrta_is_completed")?;
    completed.set(match runtime.is_watched {
        true => ask(&runtime, unit, num),
        false => runtime.device.is_completed(unit, num),
    });
    Ok(())
}

/// Whether a request has completed, where somebody is told that the program knows.
#[inline(never)] // where nobody is, it is not to be in the way
fn ask(runtime: &Runtime, unit: UnitId, num: u64) -> bool {
    runtime.check.iter().for_each(|check| check.enters("nrta_is_completed"));
    let is_completed = runtime.device.is_completed(unit, num);
    runtime.check.iter().for_each(|check| check.asked(unit, num, is_completed));
    if is_completed {
        trail::seen(runtime, unit, num, Means::Polling);
    }
    is_completed
}

export! {
    /// Whether a request has completed, well or badly. Its status and data are there then.
    "NRT_3.0.0"
    fn nrta_is_completed(seq: u64, completed: Out<bool>) { is_completed(seq, &KINDS, completed) }
}

export! {
    /// The same in the form of 2.28.
    old __nrta_is_completed_v2 = nrta_is_completed(seq: u64, completed: Out<bool>) {
        is_completed(seq, &KINDS_2_28, completed)
    }
}

export! {
    /// The id of the last completed request of a queue; number 0 if there is none yet.
    "NRT_3.0.0"
    fn nrta_get_sequence(core: u32, xu: u32, queue: c_int, seq: Out<u64>) {
        last_completed(core, xu, &KINDS, queue, seq)
    }
}

export! {
    /// The same with the kinds of 2.28.
    old __nrta_get_sequence_v2 = nrta_get_sequence(core: u32, xu: u32, queue: c_int, seq: Out<u64>) {
        last_completed(core, xu, &KINDS_2_28, queue, seq)
    }
}

/// The signal for the program's descriptor; `None` where a negative one takes the wish back.
fn event(runtime: &Runtime, registration: Registration) -> Result<Option<Box<dyn Signal>>, ApiError> {
    let fd = registration.fd;
    if fd < 0 {
        return Ok(None);
    }
    let event = Event::of_program(fd)?;
    remark_sleep(runtime);
    trail::listens(registration.unit, registration.num);
    Ok(Some(watched(runtime, Box::new(event), registration)))
}

/// The signal, of which the checker hears as well if there is one.
fn watched(runtime: &Runtime, signal: Box<dyn Signal>, registration: Registration) -> Box<dyn Signal> {
    match &runtime.check {
        None => signal,
        Some(check) => check.listens(signal, registration),
    }
}

/// Says, once, that in manual time nobody may sleep until a descriptor is readable: most programs do.
fn remark_sleep(runtime: &Runtime) {
    static SAID: AtomicBool = AtomicBool::new(false);
    if runtime.settings.time != Time::Manual || SAID.swap(true, Relaxed) {
        return;
    }
    log::write(
        Level::Warn,
        "nrt_sim",
        "NRT_SIM_TIME=manual: an eventfd becomes readable only while some thread polls, waits or steps; a program that \
         only sleeps in poll(), epoll_wait() or read() sleeps for ever (docs/time.md)",
    );
}

export! {
    /// Writes the caller's eventfd once when a request has completed, at once if it has. A second call for
    /// the request replaces the first, a negative `fd` ends it (client code; replacing: chosen here).
    "NRT_3.0.0"
    fn nrta_event_register_seq_id_completion(seq: u64, fd: c_int) {
        let runtime = explicit()?;
        let call = "nrta_event_register_seq_id_completion";
        let (unit, num) = named(&runtime, seq, &KINDS, call)?;
        let registration = Registration { call, unit, num: Some(num), fd };
        runtime.device.listen_by_number(unit, num, event(&runtime, registration)?);
        Ok(())
    }
}

export! {
    /// Writes the caller's eventfd at each completion of a queue. A second call replaces the first, a
    /// negative `fd` ends it. May come before the first request (client code).
    "NRT_3.0.0"
    fn nrta_event_register_xu_completion(core: c_int, xu: u32, queue: c_int, fd: c_int) {
        let runtime = explicit()?;
        let kind = kind(xu, &KINDS)?;
        checked_queue(kind, queue)?;
        let unit = runtime.unit(runtime.core("lnc", core.into())?, kind, queue)?;
        let registration =
            Registration { call: "nrta_event_register_xu_completion", unit, num: None, fd };
        runtime.device.listen_to_each(unit, event(&runtime, registration)?);
        Ok(())
    }
}

export! {
    /// Only in 2.28: a descriptor that becomes readable when a request has completed, the caller's to close.
    "NRT_2.0.0"
    fn nrta_get_completion_handle(seq: u64, fd: Out<c_int>) {
        let runtime = explicit()?;
        let fd = fd.place("fd")?;
        let (unit, num) = named(&runtime, seq, &KINDS_2_28, "nrta_get_completion_handle")?;
        let (theirs, ours) = Event::pair()?;
        remark_sleep(&runtime);
        let theirs = theirs.into_raw_fd();
        let registration =
            Registration { call: "nrta_get_completion_handle", unit, num: Some(num), fd: theirs };
        trail::listens(unit, Some(num));
        runtime.device.listen(unit, num, watched(&runtime, Box::new(ours), registration));
        fd.set(theirs);
        Ok(())
    }
}
