//! Memory beneath tensors: statistics, mappings of banks, descriptors, pinned buffers.

use std::collections::BTreeMap;
use std::ffi::{c_int, c_void};
use std::os::fd::{AsFd, IntoRawFd, OwnedFd};
use std::ptr;

use parking_lot::Mutex;
use sim_core::memory::bank::Allocation;
use sim_core::memory::bytes::Mapping;

use crate::abi::MemoryStats;
use crate::boundary::{Buffer, Out, copy_prefix, export};
use crate::error::ApiError;
use crate::log::{self, Level};
use crate::runtime::{self, Runtime};

/// Buffers of `nrt_pinned_malloc` by address.
static PINNED: Mutex<BTreeMap<usize, Mapping>> = Mutex::new(BTreeMap::new());

export! {
    /// Device memory of a logical core: bytes in use and in all, cut to `size_in` bytes.
    "NRT_2.0.0"
    fn nrt_get_vnc_memory_stats(vnc: u32, stats: Out<MemoryStats>, size_in: usize, size_out: Out<usize>) {
        let runtime = runtime::open()?;
        let size_out = size_out.place("stats_size_out")?;
        let core = runtime.core("vnc", vnc.into())?;
        let memory = runtime.device.ledger().memory(core);
        let bytes = |count: u64| usize::try_from(count).expect("64 bits");
        let ours = MemoryStats { bytes_used: bytes(memory.used()), bytes_limit: bytes(memory.limit()) };
        size_out.set(copy_prefix(&ours, stats, size_in, "stats")?);
        Ok(())
    }
}

export! {
    /// Logs what the memory of a core is used for.
    "NRT_2.0.0"
    fn nrt_debug_log_oom_report(core: c_int) {
        let runtime = runtime::open()?;
        let core = runtime.core("lnc_idx", core.into())?;
        let memory = runtime.device.ledger().memory(core);
        let (used, peak, limit) = (memory.used(), memory.peak(), memory.limit());
        let line = format!("NC {core}: {used} of {limit} bytes in use, {peak} at most");
        log::write(Level::Error, "nrt_debug_log_oom_report", line);
        Ok(())
    }
}

export! {
    /// Where the CPU sees bank `bank` of device `device`, and its size. Needs `NEURON_RT_MAP_HBM=1`;
    /// `NRT_INVALID_HANDLE` past the last bank (header).
    "NRT_2.0.0"
    fn nrt_get_hbm_mmap_va(device: c_int, bank: c_int, address: Out<*mut c_void>, size: Out<usize>) {
        let runtime = runtime::open()?;
        let (address, size) = (address.place("addr")?, size.place("size")?);
        if !runtime.settings.map_hbm {
            return Err(ApiError::Invalid("HBM is not mapped; set NEURON_RT_MAP_HBM=1".into()));
        }
        let devices = runtime.device.config().profile.devices;
        let in_range = u32::try_from(device).ok().filter(|&device| device < devices);
        let device = in_range.ok_or_else(|| ApiError::out_of_range("device_id", device, devices))?;
        let found = u32::try_from(bank).ok().and_then(|bank| runtime.device.bank(device, bank));
        let found = found.ok_or_else(|| ApiError::NoSuchBank(format!("device {device} has no HBM bank {bank}")))?;
        let whole = found.whole().map_err(|full| ApiError::Failure(full.to_string()))?;
        address.set(ptr::with_exposed_provenance_mut(whole.address()));
        size.set(whole.len());
        Ok(())
    }
}

/// The device memory that holds the `size` bytes at `va`: calls `found` with it and the distance from
/// its beginning.
fn with_allocation<T>(
    runtime: &Runtime,
    va: u64,
    size: u64,
    found: impl FnOnce(&Allocation, u64) -> Result<T, ApiError>,
) -> Result<T, ApiError> {
    if !runtime.settings.p2p {
        return Err(ApiError::Invalid("peer-to-peer is off; unset NEURON_RT_ENABLE_P2P".into()));
    }
    for tensor in runtime.tensors.all() {
        let Some(span) = tensor.span() else { continue };
        let Some(allocation) = span.storage().allocation() else { continue };
        let (start, len) = (allocation.extent().address() as u64, allocation.extent().len() as u64);
        if let Some(offset) = va.checked_sub(start).filter(|&offset| offset < len) {
            if size == 0 || size > len - offset {
                return Err(ApiError::Invalid(format!("{size} bytes at {va:#x} are not all in one tensor")));
            }
            return found(allocation, offset);
        }
    }
    Err(ApiError::Invalid(format!("{va:#x} is no address of a device tensor (see nrt_tensor_get_va)")))
}

fn descriptor(allocation: &Allocation) -> Result<OwnedFd, ApiError> {
    let failed =
        |error: &dyn std::fmt::Display| ApiError::Resource(format!("cannot make a descriptor: {error}"));
    let file = allocation.file().map_err(|error| failed(&error))?;
    rustix::io::fcntl_dupfd_cloexec(file.as_fd(), 3).map_err(|error| failed(&error))
}

export! {
    /// A descriptor through which the bytes at `va`, the beginning of a tensor's memory, can be mapped.
    /// It is the caller's to close.
    "NRT_2.0.0"
    fn nrt_get_dmabuf_fd(va: u64, size: u64, fd: Out<c_int>) {
        let runtime = runtime::open()?;
        let fd = fd.place("fd")?;
        fd.set(with_allocation(&runtime, va, size, |allocation, offset| {
            if offset != 0 {
                return Err(ApiError::Invalid(format!(
                    "{va:#x} is {offset} bytes into an allocation; nrt_get_dmabuf_fd_v2 tells the offset"
                )));
            }
            Ok(descriptor(allocation)?.into_raw_fd())
        })?);
        Ok(())
    }
}

export! {
    /// A descriptor through which the bytes at `va` can be mapped, and where in it they begin.
    "NRT_2.0.0"
    fn nrt_get_dmabuf_fd_v2(va: u64, size: u64, fd: Out<c_int>, offset: Out<u64>) {
        let runtime = runtime::open()?;
        let (fd, place) = (fd.place("fd")?, offset.place("offset")?);
        let made = with_allocation(&runtime, va, size, |allocation, offset| {
            Ok((descriptor(allocation)?.into_raw_fd(), offset))
        })?;
        fd.set(made.0);
        place.set(made.1);
        Ok(())
    }
}

export! {
    /// Copies to memory that `nrt_tensor_get_va` has shown. Works at any time (observed).
    "NRT_2.0.0"
    fn nrt_memcpy_to_device(target: Buffer, source: Buffer, size: usize) {
        target.extent("dest", size)?.copy_from(source.extent("src", size)?);
        Ok(())
    }
}

export! {
    /// Page-aligned host memory, zero at first, to be freed with `nrt_pinned_free`. NULL if there is none.
    /// Huge pages are not reserved: the kinds differ only on hardware.
    "NRT_2.0.0"
    fn nrt_pinned_malloc(size: usize, _kind: c_int) -> *mut c_void, else ptr::null_mut(), {
        let mapping = match Mapping::reserve(size) {
            Ok(mapping) => mapping,
            Err(error) => {
                log::write(Level::Error, "nrt_pinned_malloc", format!("{size} bytes: {error}"));
                return ptr::null_mut();
            }
        };
        let address = mapping.extent().address();
        PINNED.lock().insert(address, mapping);
        ptr::with_exposed_provenance_mut(address)
    }
}

export! {
    /// Frees what `nrt_pinned_malloc` gave.
    "NRT_2.0.0"
    fn nrt_pinned_free(memory: Buffer) -> (), else (), {
        let found = PINNED.lock().remove(&memory.address());
        if found.is_none() && memory.address() != 0 {
            log::write(Level::Error, "nrt_pinned_free", "ptr was not allocated by nrt_pinned_malloc");
        }
    }
}
