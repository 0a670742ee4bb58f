//! Tensors: life and getters.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use sim_core::fault::Operation;
use sim_core::memory::storage::{Span, Storage};
use sim_core::memory::tensor::Tensor;
use sim_core::status::Status;

use super::implicit;
use crate::abi::AllocationInfo;
use crate::boundary::{Buffer, Out, Text, export};
use crate::check::Check;
use crate::error::ApiError;
use crate::handle::Handle;
use crate::incident;
use crate::log::{self, Level};
use crate::runtime::{self, Runtime};

/// The most that can be allocated as `HOST`: one page of DMA memory (guide).
const HOST_MAX: usize = 4 << 20;
/// The name of a tensor that was given none (observed).
const UNNAMED: &str = "_unknown_";

/// The bytes of a tensor.
pub(super) fn span(runtime: &Runtime, tensor: Handle<Tensor>) -> Result<Span, ApiError> {
    bytes(runtime, tensor).map(|(_, span)| span)
}

/// The same, with the id of the tensor.
pub(super) fn bytes(runtime: &Runtime, tensor: Handle<Tensor>) -> Result<(u64, Span), ApiError> {
    runtime.tensors.with(tensor, |tensor| match tensor.span() {
        Some(span) => Ok((tensor.id(), span)),
        None => Err(ApiError::Invalid(format!("tensor {:?} is empty", tensor.name()))),
    })?
}

/// `size` bytes of a tensor from `offset` on.
pub(super) fn part(whole: &Span, offset: u64, size: u64) -> Result<Span, ApiError> {
    whole.part(offset, size).ok_or_else(|| {
        let has = whole.len();
        ApiError::Invalid(format!(
            "offset {offset} + size {size} reaches past the end of a tensor of {has} bytes"
        ))
    })
}

/// Source and target of a copy, which on the device must be on the same bank (guide).
pub(super) fn same_bank(from: &Span, to: &Span) -> Result<(), ApiError> {
    let bank = |span: &Span| span.storage().allocation().map(|part| part.bank.index);
    match (bank(from), bank(to)) {
        (Some(src), Some(dst)) if src != dst => {
            Err(ApiError::Invalid(format!("Tensors must be allocated on same HBM (SRC: {src}) (DST: {dst})")))
        }
        _ => Ok(()),
    }
}

fn allocate(
    runtime: &Runtime,
    placement: c_int,
    vnc: c_int,
    size: usize,
    name: &str,
) -> Result<Storage, ApiError> {
    let fault = |core| {
        let struck = incident::strike(runtime, core, Operation::Allocate, size as u64, &[name]);
        if let (Some(core), Err(ApiError::Fault(Status::Resource))) = (core, &struck) {
            log::write_of("TDRV", Level::Error, "dmem_alloc_internal", utilisation(runtime, core, size));
        }
        struck
    };
    let on_host =
        || Storage::on_host(size).map_err(|error| ApiError::HostMemory(format!("{size} bytes: {error}")));
    match placement {
        0 => {
            let core = runtime.core("vnc", vnc.into())?;
            fault(Some(core))?;
            let mut allocated = runtime.device.allocate(core, size as u64);
            if allocated.is_err() && runtime.check.as_ref().is_some_and(Check::give_back) {
                allocated = runtime.device.allocate(core, size as u64);
            }
            allocated.map_err(|full| {
                log::write(Level::Error, "nrt_tensor_allocate", utilisation(runtime, core, size));
                ApiError::bank_full(size, core, full)
            })
        }
        1 if size > HOST_MAX => Err(ApiError::HostMemory(format!(
            "a host tensor of {size} bytes; at most {HOST_MAX} can be, use device memory"
        ))),
        1 => fault(None).and_then(|()| on_host()),
        2 if runtime.settings.sdk.has_virtual_placement() => fault(None).and_then(|()| on_host()),
        2 => Err(ApiError::Invalid("VIRTUAL tensor placement was removed in SDK 2.30; use DEVICE".into())),
        other => Err(ApiError::out_of_range("tensor_placement", other, 3)),
    }
}

/// The line of the runtime for an allocation that failed, with what each core uses.
fn utilisation(runtime: &Runtime, core: u8, size: usize) -> String {
    let device = &runtime.device;
    let gib = size as f64 / f64::from(1 << 30);
    let mut text = format!(
        "Failed to allocate {gib:.3}GB (alignment: none, usage: tensors) on ND {}:NC {core}",
        device.device_of(core)
    );
    let bank = device.bank_of(core).index;
    for core in 0..=u8::MAX {
        if device.has_core(core) && device.bank_of(core).index == bank {
            let memory = device.ledger().memory(core);
            text += &format!("\n\tNC {core}: {} of {} bytes in use", memory.used(), memory.limit());
        }
    }
    text
}

export! {
    /// Allocates `size` bytes for logical core `vnc`: on the device (0), or in host memory (1; 2 up to SDK
    /// 2.29), where `vnc` plays no part. The contents are zero.
    ///
    /// Answers `NRT_RESOURCE` when the core's bank is full (guide).
    "NRT_2.0.0"
    fn nrt_tensor_allocate(placement: c_int, vnc: c_int, size: usize, name: Text<'_>, tensor: Out<Handle<Tensor>>) {
        let runtime = runtime::open()?;
        let tensor = tensor.place("tensor")?;
        let name = name.get().unwrap_or(UNNAMED.into());
        let storage = allocate(&runtime, placement, vnc, size, &name)?;
        tensor.set(runtime.add_tensor(Tensor::new(&name, Some(Span::whole(Arc::new(storage)))))?);
        Ok(())
    }
}

export! {
    /// Makes a tensor without bytes, for `nrt_tensor_attach_buffer`.
    "NRT_2.0.0"
    fn nrt_tensor_allocate_empty(name: Text<'_>, tensor: Out<Handle<Tensor>>) {
        let runtime = runtime::open()?;
        let tensor = tensor.place("tensor")?;
        tensor.set(runtime.add_tensor(Tensor::new(&name.get().unwrap_or(UNNAMED.into()), None))?);
        Ok(())
    }
}

export! {
    /// Makes a view of `size` bytes of `source` from `offset` on. The bytes live as long as any view.
    "NRT_2.0.0"
    fn nrt_tensor_allocate_slice(
        source: Handle<Tensor>, offset: usize, size: usize, name: Text<'_>, slice: Out<Handle<Tensor>>,
    ) {
        let runtime = runtime::open()?;
        let slice = slice.place("tensor_slice")?;
        let part = part(&span(&runtime, source)?, offset as u64, size as u64)?;
        slice.set(runtime.add_tensor(Tensor::new(&name.get().unwrap_or(UNNAMED.into()), Some(part)))?);
        Ok(())
    }
}

export! {
    /// Makes the caller's buffer the bytes of a tensor, in place of those it had. The buffer stays the
    /// caller's and must outlive the tensor.
    "NRT_2.0.0"
    fn nrt_tensor_attach_buffer(tensor: Handle<Tensor>, buffer: Buffer, size: usize) {
        let runtime = runtime::open()?;
        let tensor = runtime.tensors.get(tensor)?;
        if buffer.address() == 0 {
            return Err(ApiError::Null("buffer"));
        }
        let storage = Storage::of_program(buffer.extent("buffer", size)?);
        runtime.check.iter().for_each(|check| check.tensor_replaced(&tensor));
        tensor.attach(storage);
        runtime.check.iter().for_each(|check| check.tensor_made(&tensor));
        runtime.forget_bindings();
        Ok(())
    }
}

export! {
    /// Ends a tensor and makes the caller's pointer null. Queued requests keep the bytes (observed); in implicit async
    /// mode it waits for those that use them.
    "NRT_2.0.0"
    fn nrt_tensor_free(tensor: Out<Handle<Tensor>>) -> (), else (), {
        let freed = (|| {
            let place = tensor.place("tensor")?;
            if place.get().is_null() {
                return Ok(()); // freed twice through the same pointer, like free(NULL)
            }
            let runtime = runtime::open()?;
            implicit::before_free(&runtime, place.get());
            runtime.free_tensor(place.get())?;
            place.set(Handle::NULL);
            Ok::<(), ApiError>(())
        })();
        if let Err(error) = freed {
            // Clients free from destructors that run after the close.
            let level = if runtime::is_before_init() { Level::Debug } else { Level::Error };
            log::write(level, "nrt_tensor_free", error);
        }
    }
}

export! {
    /// Where the CPU can read and write the tensor's bytes: page-aligned for a whole allocation, disjoint
    /// from all others. NULL if there is no such tensor.
    "NRT_2.0.0"
    fn nrt_tensor_get_va(tensor: Handle<Tensor>) -> *mut c_void, else std::ptr::null_mut(), {
        match runtime::open().and_then(|runtime| span(&runtime, tensor)) {
            Ok(span) => std::ptr::with_exposed_provenance_mut(span.extent().address()),
            Err(error) => {
                log::write(Level::Error, "nrt_tensor_get_va", error);
                std::ptr::null_mut()
            }
        }
    }
}

export! {
    /// Bytes of the tensor; 0 if there is no such tensor or it is empty.
    "NRT_2.0.0"
    fn nrt_tensor_get_size(tensor: Handle<Tensor>) -> usize, else 0, {
        match runtime::open().and_then(|runtime| runtime.tensors.get(tensor)) {
            Ok(tensor) => tensor.span().map_or(0, |span| span.len()),
            Err(error) => {
                log::write(Level::Error, "nrt_tensor_get_size", error);
                0
            }
        }
    }
}

export! {
    /// Where on the device the tensor is. `NRT_INVALID` for one in host memory.
    "NRT_2.0.0"
    fn nrt_tensor_get_device_allocation_info(tensor: Handle<Tensor>, info: Out<AllocationInfo>) {
        let runtime = runtime::open()?;
        let info = info.place("alloc_info")?;
        let span = span(&runtime, tensor)?;
        let on_host = || ApiError::Invalid("the tensor is in host memory".into());
        let allocation = span.storage().allocation().ok_or_else(on_host)?;
        let bank = allocation.bank.index;
        let offset = allocation.offset() + span.offset() as u64;
        info.set(AllocationInfo {
            // Nobody can look behind it; disjoint for all banks, and never 0.
            physical_address: u64::from(bank + 1) << 40 | offset,
            size: allocation.extent().len() - span.offset(),
            hbm_index: (bank % runtime.device.config().profile.banks_per_device).cast_signed(),
        });
        Ok(())
    }
}

export! {
    /// The logical core the tensor was allocated for; −1 for host memory (chosen here).
    "NRT_2.0.0"
    fn nrt_tensor_get_lnc_index(tensor: Handle<Tensor>, core: Out<c_int>) {
        let runtime = runtime::open()?;
        let core = core.place("lnc_idx")?;
        core.set(span(&runtime, tensor)?.storage().core().map_or(-1, c_int::from));
        Ok(())
    }
}
