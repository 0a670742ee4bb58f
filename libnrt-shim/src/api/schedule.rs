//! Asynchronous requests, in the forms of SDK 2.29 and later and of SDK 2.28.
//!
//! A success means that the request is queued. The status and the buffers stay in use until it completes.
//! Checks come in the order that was observed: mode, null pointers, queue, objects, then the queue's state.

use std::ffi::c_int;

use sim_core::memory::bytes::StatusWord;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::port::SubmitError;
use sim_core::request::{Answer, Request, Work};
use sim_core::seq::{Seq, UnitId, UnitKind};

use super::tensor::{bytes, part, same_bank, span};
use super::transfer::named;
use crate::boundary::{Buffer, Out, Place, export};
use crate::check::With;
use crate::error::ApiError;
use crate::handle::Handle;
use crate::loaded::{Caller, Loaded};
use crate::runtime::{Runtime, checked_queue, explicit};
use crate::tensor_set::TensorSet;
use crate::tracker::Tracker;
use crate::trail;

/// The answer that goes to the caller's status word, in the current form.
pub(super) fn status_word(status: Place<u32>) -> Answer {
    // SAFETY: the C contract of the functions makes the caller keep the place until the completion.
    Answer::Word(unsafe { StatusWord::new(status.into_inner()) })
}

/// The answer that goes to an error tracker, in the form of 2.28.
pub(super) fn tracked(runtime: &Runtime, tracker: Handle<Tracker>) -> Result<Answer, ApiError> {
    Ok(runtime.trackers.get(tracker)?.answer())
}

/// Submits `request`, with what the checker wants to know of it.
#[inline]
fn accept(runtime: &Runtime, unit: UnitId, request: Request, with: With<'_>) -> Result<Seq, SubmitError> {
    match runtime.is_watched {
        true => accept_watched(runtime, unit, request, with),
        false => runtime.device.submit_request(unit, request),
    }
}

#[inline(never)] // where nobody watches, it is not to be in the way
fn accept_watched(
    runtime: &Runtime,
    unit: UnitId,
    request: Request,
    with: With<'_>,
) -> Result<Seq, SubmitError> {
    let accepted = match &runtime.check {
        None => runtime.device.submit_request(unit, request)?,
        Some(check) => check.submit(&runtime.device, unit, request, with)?,
    };
    trail::submitted(runtime, accepted);
    Ok(accepted)
}

/// Submits work that moves `tensors`, which are named by their handles and ids, source first.
pub(super) fn submit(
    runtime: &Runtime,
    unit: UnitId,
    work: Work,
    tensors: &[(Handle<Tensor>, u64)],
    answer: Answer,
    seq: Place<u64>,
) -> Result<(), ApiError> {
    let mut request = Request::new(work, answer);
    if runtime.device.faults().wants_tensors() {
        request.tensors = Some(named(runtime, tensors.iter().map(|(handle, _)| *handle)).into());
    }
    seq.set(accept(runtime, unit, request, With { tensors, sets: None })?.raw());
    Ok(())
}

fn execute(
    runtime: &Runtime,
    model: Handle<Loaded>,
    sets: [Handle<TensorSet>; 2],
    queue: c_int,
    answer: Answer,
    seq: Place<u64>,
) -> Result<(), ApiError> {
    let [input, output] = sets;
    checked_queue(UnitKind::Compute, queue)?;
    let look = |loaded: &Loaded| (loaded.model.unit(), loaded.known(Caller::Async, input, output));
    let (unit, known) = runtime.models.with(model, look)?;
    let run = match known {
        Some(run) => run,
        None => {
            let bank = runtime.device.bank_of(unit.core).index;
            runtime.models.get(model)?.bind(Caller::Async, input, output, bank, runtime.objects())?
        }
    };
    let request = Request::new(Work::Execute(run), answer);
    seq.set(accept(runtime, unit, request, With { tensors: &[], sets: Some(sets) })?.raw());
    Ok(())
}

/// The id and the bytes of a tensor, which must be on the device.
pub(super) fn on_device(runtime: &Runtime, tensor: Handle<Tensor>) -> Result<(u64, Span), ApiError> {
    let (id, whole) = bytes(runtime, tensor)?;
    if whole.storage().allocation().is_none() {
        return Err(ApiError::Invalid("Async APIs only supports device allocated tensors".into()));
    }
    Ok((id, whole))
}

/// The id of a device tensor, and the part of it that a request uses.
fn device_part(
    runtime: &Runtime,
    tensor: Handle<Tensor>,
    offset: u64,
    size: u64,
) -> Result<(u64, Span), ApiError> {
    let (id, whole) = on_device(runtime, tensor)?;
    Ok((id, part(&whole, offset, size)?))
}

/// Which way bytes go between a tensor and the caller's buffer.
#[derive(Clone, Copy)]
enum Way {
    In,
    Out,
}

fn transfer(
    runtime: &Runtime,
    way: Way,
    (tensor, buffer): (Handle<Tensor>, Buffer),
    [offset, size]: [u64; 2],
    unit: impl FnOnce() -> Result<UnitId, ApiError>,
    answer: Answer,
    seq: Place<u64>,
) -> Result<(), ApiError> {
    let unit = unit()?;
    let (id, span) = device_part(runtime, tensor, offset, size)?;
    let extent = buffer.extent("buf", span.len())?;
    let work = match way {
        Way::In => Work::Write { from: extent, to: span },
        Way::Out => Work::Read { from: span, to: extent },
    };
    submit(runtime, unit, work, &[(tensor, id)], answer, seq)
}

fn copy(
    runtime: &Runtime,
    [source, target]: [(Handle<Tensor>, u64); 2],
    size: u64,
    unit: impl FnOnce() -> Result<UnitId, ApiError>,
    answer: Answer,
    seq: Place<u64>,
) -> Result<(), ApiError> {
    let unit = unit()?;
    let (source_id, from) = device_part(runtime, source.0, source.1, size)?;
    let (target_id, to) = device_part(runtime, target.0, target.1, size)?;
    same_bank(&from, &to)?;
    let tensors = [(source.0, source_id), (target.0, target_id)];
    submit(runtime, unit, Work::Copy { from, to }, &tensors, answer, seq)
}

/// The tensor-op queue that a caller of the current form names; the queue is checked before the core.
fn queue_of(runtime: &Runtime, core: c_int, queue: c_int) -> Result<UnitId, ApiError> {
    checked_queue(UnitKind::TensorOp, queue)?;
    runtime.unit(runtime.core("lnc_idx", core.into())?, UnitKind::TensorOp, queue)
}

/// The queue of `kind` on the core of `tensor`, for callers of 2.28, which name no core.
fn of_tensor(
    runtime: &Runtime,
    kind: UnitKind,
    tensor: Handle<Tensor>,
    queue: c_int,
) -> Result<UnitId, ApiError> {
    if queue != 0 {
        checked_queue(UnitKind::TensorRead, queue)?; // in that form every unit had one queue
    }
    let core = span(runtime, tensor)?.storage().core();
    let on_host = || ApiError::Invalid("Async APIs only supports device allocated tensors".into());
    runtime.unit(core.ok_or_else(on_host)?, kind, 0)
}

export! {
    /// Queues a run of `model`; its unit has one queue, 0.
    "NRT_3.0.0"
    fn nrta_execute_schedule(
        model: Handle<Loaded>, input: Handle<TensorSet>, output: Handle<TensorSet>, queue: c_int,
        status: Out<u32>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let (answer, seq) = (status_word(status.lasting_place("ret")?), seq.place("req_sequence")?);
        execute(&runtime, model, [input, output], queue, answer, seq)
    }
}

export! {
    /// Queues a write of `size` bytes of `buffer` to a tensor, on queue `queue` of core `core`.
    "NRT_3.0.0"
    fn nrta_tensor_write(
        tensor: Handle<Tensor>, buffer: Buffer, offset: u64, size: u64, core: c_int, queue: c_int,
        status: Out<u32>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let (answer, seq) = (status_word(status.lasting_place("ret")?), seq.place("req_sequence")?);
        transfer(&runtime, Way::In, (tensor, buffer), [offset, size], || queue_of(&runtime, core, queue), answer, seq)
    }
}

export! {
    /// Queues a read of `size` bytes of a tensor to `buffer`, on queue `queue` of core `core`.
    "NRT_3.0.0"
    fn nrta_tensor_read(
        buffer: Buffer, tensor: Handle<Tensor>, offset: u64, size: u64, core: c_int, queue: c_int,
        status: Out<u32>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let (answer, seq) = (status_word(status.lasting_place("ret")?), seq.place("req_sequence")?);
        transfer(&runtime, Way::Out, (tensor, buffer), [offset, size], || queue_of(&runtime, core, queue), answer, seq)
    }
}

export! {
    /// Queues a copy between two device tensors on one bank, on queue `queue` of core `core`.
    "NRT_3.0.0"
    fn nrta_tensor_copy(
        source: Handle<Tensor>, source_offset: u64, target: Handle<Tensor>, target_offset: u64, size: u64,
        core: c_int, queue: c_int, status: Out<u32>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let (answer, seq) = (status_word(status.lasting_place("ret")?), seq.place("req_sequence")?);
        let ends = [(source, source_offset), (target, target_offset)];
        copy(&runtime, ends, size, || queue_of(&runtime, core, queue), answer, seq)
    }
}

export! {
    /// The form of 2.28: errors go to a tracker.
    old __nrta_execute_schedule_v2 = nrta_execute_schedule(
        model: Handle<Loaded>, input: Handle<TensorSet>, output: Handle<TensorSet>, queue: c_int,
        tracker: Handle<Tracker>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let seq = seq.place("req_sequence")?;
        let answer = tracked(&runtime, tracker)?;
        execute(&runtime, model, [input, output], queue, answer, seq)
    }
}

export! {
    /// The form of 2.28: errors go to a tracker, the core is the tensor's, writes have a unit of their own.
    old __nrta_tensor_write_v2 = nrta_tensor_write(
        tensor: Handle<Tensor>, buffer: Buffer, offset: u64, size: u64, queue: c_int,
        tracker: Handle<Tracker>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let seq = seq.place("req_sequence")?;
        let answer = tracked(&runtime, tracker)?;
        let unit = || of_tensor(&runtime, UnitKind::TensorWrite, tensor, queue);
        transfer(&runtime, Way::In, (tensor, buffer), [offset, size], unit, answer, seq)
    }
}

export! {
    /// The form of 2.28: errors go to a tracker, the core is the tensor's, reads have a unit of their own.
    old __nrta_tensor_read_v2 = nrta_tensor_read(
        buffer: Buffer, tensor: Handle<Tensor>, offset: u64, size: u64, queue: c_int,
        tracker: Handle<Tracker>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let seq = seq.place("req_sequence")?;
        let answer = tracked(&runtime, tracker)?;
        let unit = || of_tensor(&runtime, UnitKind::TensorRead, tensor, queue);
        transfer(&runtime, Way::Out, (tensor, buffer), [offset, size], unit, answer, seq)
    }
}

export! {
    /// The form of 2.28: errors go to a tracker, the core is the source's.
    old __nrta_tensor_copy_v2 = nrta_tensor_copy(
        source: Handle<Tensor>, source_offset: u64, target: Handle<Tensor>, target_offset: u64, size: u64,
        queue: c_int, tracker: Handle<Tracker>, seq: Out<u64>,
    ) {
        let runtime = explicit()?;
        let seq = seq.place("req_sequence")?;
        let answer = tracked(&runtime, tracker)?;
        let ends = [(source, source_offset), (target, target_offset)];
        let unit = || of_tensor(&runtime, UnitKind::TensorOp, source, queue);
        copy(&runtime, ends, size, unit, answer, seq)
    }
}
