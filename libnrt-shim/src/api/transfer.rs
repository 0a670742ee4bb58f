//! Reads, writes and copies of tensors that block, and wait for nothing (guide) but runs of implicit async mode.

use std::ffi::c_int;
use std::sync::Arc;

use sim_core::blocking::Transfer;
use sim_core::fault::Operation;
use sim_core::inflight::Access;
use sim_core::memory::bytes::Extent;
use sim_core::memory::storage::Span;
use sim_core::memory::tensor::Tensor;
use sim_core::status::Status;
use sim_core::time::Nanos;

use super::implicit;
use super::tensor::{part, same_bank, span};
use crate::abi::Batch;
use crate::boundary::{Array, Buffer, Flag, export};
use crate::check::{Blocking, Memory};
use crate::error::ApiError;
use crate::handle::Handle;
use crate::runtime::{self, Runtime};
use crate::trail;

export! {
    /// Copies `size` bytes of a tensor from `offset` on to `buffer`.
    "NRT_2.0.0"
    fn nrt_tensor_read(tensor: Handle<Tensor>, buffer: Buffer, offset: usize, size: usize) {
        let runtime = runtime::open()?;
        let from = part(&span(&runtime, tensor)?, offset as u64, size as u64)?;
        let buffer = buffer.extent("buf", size)?;
        implicit::guard(&runtime, &[(&from, Access::Read)])?;
        let way = (Operation::Read, buffer, std::slice::from_ref(&tensor));
        let source = Memory::Tensor(tensor, &from);
        let blocking = Blocking::moves(&runtime, "nrt_tensor_read", Some(source), Memory::Buffer(buffer));
        transfer(&runtime, &from, way, || buffer.copy_from(from.extent()))?;
        trail::read(&runtime, tensor, buffer);
        blocking.spoil(buffer);
        Ok(())
    }
}

export! {
    /// Copies `size` bytes of `buffer` to a tensor from `offset` on.
    "NRT_2.0.0"
    fn nrt_tensor_write(tensor: Handle<Tensor>, buffer: Buffer, offset: usize, size: usize) {
        let runtime = runtime::open()?;
        let to = part(&span(&runtime, tensor)?, offset as u64, size as u64)?;
        let buffer = buffer.extent("buf", size)?;
        implicit::guard(&runtime, &[(&to, Access::Write)])?;
        let way = (Operation::Write, to.extent(), std::slice::from_ref(&tensor));
        let source = Memory::Buffer(buffer);
        let _blocking =
            Blocking::moves(&runtime, "nrt_tensor_write", Some(source), Memory::Tensor(tensor, &to));
        transfer(&runtime, &to, way, || to.extent().copy_from(buffer))
    }
}

/// Which way bytes go, where to, and which tensors they are of.
type Way<'a> = (Operation, Extent, &'a [Handle<Tensor>]);

/// Moves bytes between a tensor and the program, in the time that takes; none if the tensor is host memory.
fn transfer(runtime: &Runtime, tensor: &Span, way: Way<'_>, act: impl FnOnce()) -> Result<(), ApiError> {
    let bytes = tensor.len() as u64;
    let is_on_device = tensor.storage().allocation().is_some();
    let span = if is_on_device { runtime.device.rates().transfer(bytes) } else { Nanos(0) };
    in_time(runtime, tensor, span, way, act)
}

/// Does `act`, which takes `span` on the core of `tensor`, with the faults that a plan has for it.
fn in_time(
    runtime: &Runtime,
    tensor: &Span,
    span: Nanos,
    (operation, target, tensors): Way<'_>,
    act: impl FnOnce(),
) -> Result<(), ApiError> {
    let tensors = named(runtime, tensors.iter().copied());
    let core = tensor.storage().core();
    match runtime.device.transfer(&Transfer { operation, core, target, tensors: &tensors, span }, act) {
        Status::Success => Ok(()),
        status => Err(ApiError::Fault(status)),
    }
}

/// The tensors that `handles` name, if a fault plan asks for their names.
pub(super) fn named(runtime: &Runtime, handles: impl Iterator<Item = Handle<Tensor>>) -> Vec<Arc<Tensor>> {
    if !runtime.device.faults().wants_tensors() {
        return Vec::new();
    }
    handles.filter_map(|handle| runtime.tensors.get(handle).ok()).collect()
}

/// The pieces of all batches, checked before any is copied. In implicit async mode runs are waited for, unless the caller
/// takes it upon itself that there are none (header).
fn pieces(
    runtime: &Runtime,
    (batches, count): (Array<Batch>, u64),
    access: Access,
    is_unsafe: Flag,
) -> Result<Vec<(Handle<Tensor>, Span, Extent)>, ApiError> {
    let count = usize::try_from(count).map_err(|_| ApiError::Invalid(format!("num_batches is {count}")))?;
    let mut pieces = Vec::new();
    for batch in batches.to_vec("batches", count)? {
        let tensor = Handle::of_bits(batch.tensor);
        let whole = span(runtime, tensor)?;
        for op in batch.ops.to_vec("ops", batch.num_ops as usize)? {
            let part = part(&whole, op.offset, op.size)?;
            let buffer = op.buffer.extent("buffer", part.len())?;
            pieces.push((tensor, part, buffer));
        }
    }
    if !is_unsafe.is_set() {
        pieces.iter().try_for_each(|(_, part, _)| implicit::guard(runtime, &[(part, access)]))?;
    }
    Ok(pieces)
}

export! {
    /// Reads pieces of several tensors. `is_unsafe` concerns implicit async mode only (header).
    "NRT_2.0.0"
    fn nrt_tensor_read_batch(batches: Array<Batch>, count: u64, is_unsafe: Flag) {
        let runtime = runtime::open()?;
        let pieces = pieces(&runtime, (batches, count), Access::Read, is_unsafe)?;
        for (tensor, from, buffer) in pieces {
            let (source, target) = (Memory::Tensor(tensor, &from), Memory::Buffer(buffer));
            let blocking = Blocking::moves(&runtime, "nrt_tensor_read_batch", Some(source), target);
            transfer(&runtime, &from, (Operation::Read, buffer, &[tensor]), || buffer.copy_from(from.extent()))?;
            trail::read(&runtime, tensor, buffer);
            blocking.spoil(buffer);
        }
        Ok(())
    }
}

export! {
    /// Writes pieces of several tensors. `is_unsafe` concerns implicit async mode only (header).
    "NRT_2.0.0"
    fn nrt_tensor_write_batch(batches: Array<Batch>, count: u64, is_unsafe: Flag) {
        let runtime = runtime::open()?;
        let pieces = pieces(&runtime, (batches, count), Access::Write, is_unsafe)?;
        for (tensor, to, buffer) in pieces {
            let way = (Operation::Write, to.extent(), std::slice::from_ref(&tensor));
            let (source, target) = (Memory::Buffer(buffer), Memory::Tensor(tensor, &to));
            let _blocking = Blocking::moves(&runtime, "nrt_tensor_write_batch", Some(source), target);
            transfer(&runtime, &to, way, || to.extent().copy_from(buffer))?;
        }
        Ok(())
    }
}

export! {
    /// Copies between tensors: any two, but two on the device must be on the same bank.
    "NRT_2.0.0"
    fn nrt_tensor_copy(
        source: Handle<Tensor>, source_offset: usize, target: Handle<Tensor>, target_offset: usize, size: usize,
    ) {
        let runtime = runtime::open()?;
        let from = part(&span(&runtime, source)?, source_offset as u64, size as u64)?;
        let to = part(&span(&runtime, target)?, target_offset as u64, size as u64)?;
        same_bank(&from, &to)?;
        implicit::guard(&runtime, &[(&from, Access::Read), (&to, Access::Write)])?;
        let copy = || to.extent().copy_from(from.extent());
        let ends = [source, target];
        let way = (Operation::Copy, to.extent(), &ends[..]);
        let from_memory = Memory::Tensor(source, &from);
        let _blocking =
            Blocking::moves(&runtime, "nrt_tensor_copy", Some(from_memory), Memory::Tensor(target, &to));
        match (from.storage().allocation(), to.storage().allocation()) {
            (Some(_), Some(_)) => in_time(&runtime, &to, runtime.device.rates().copy(size as u64), way, copy),
            (Some(_), None) => transfer(&runtime, &from, way, copy),
            (None, _) => transfer(&runtime, &to, way, copy),
        }
    }
}

export! {
    /// Sets `size` bytes from `offset` on to the low byte of `value`.
    "NRT_2.0.0"
    fn nrt_tensor_memset(tensor: Handle<Tensor>, offset: u64, value: c_int, size: usize) {
        let runtime = runtime::open()?;
        let to = part(&span(&runtime, tensor)?, offset, size as u64)?;
        implicit::guard(&runtime, &[(&to, Access::Write)])?;
        let is_on_device = to.storage().allocation().is_some();
        let span = if is_on_device { runtime.device.rates().copy(size as u64) } else { Nanos(0) };
        let way = (Operation::Write, to.extent(), std::slice::from_ref(&tensor));
        let _blocking = Blocking::moves(&runtime, "nrt_tensor_memset", None, Memory::Tensor(tensor, &to));
        in_time(&runtime, &to, span, way, || to.extent().fill(value.to_le_bytes()[0]))
    }
}
