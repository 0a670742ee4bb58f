// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The functions of the Neuron runtime that this example calls, found in `libnrt.so.1` at run time.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{null, null_mut};
use std::slice;
use std::sync::atomic::AtomicI32;

use anyhow::{Context, Result, ensure};
use libloading::Library;

pub(crate) const SUCCESS: i32 = 0;
pub(crate) const TIMEOUT: i32 = 5;
pub(crate) const QUEUE_FULL: i32 = 7;
pub(crate) const UNIT_UNRECOVERABLE: i32 = 101;
/// The first of the statuses that stand for hardware errors.
pub(crate) const HARDWARE_ERRORS: i32 = 1200;

const COMPUTE: c_int = 1; // NRTA_XU_COMPUTE
const DEVICE: c_int = 0; // NRT_TENSOR_PLACEMENT_DEVICE
const NO_FRAMEWORK: c_int = 1;

/// `nrt_tensor_info_t`.
#[repr(C)]
struct RawInfo {
    name: [c_char; 256],
    usage: c_int,
    size: usize,
    dtype: c_int,
    shape: *mut u32,
    ndim: u32,
}

/// `nrt_tensor_info_array_t`.
#[repr(C)]
struct RawInfos {
    count: u64,
    first: [RawInfo; 0], // `count` entries follow
}

/// Declares the table of functions and how it is filled.
macro_rules! functions {
    ($($name:ident: fn($($arg:ty),*) $(-> $ret:ty)?;)*) => {
        struct Functions {
            $($name: unsafe extern "C" fn($($arg),*) $(-> $ret)?,)*
        }

        impl Functions {
            fn find(library: &Library) -> Result<Functions> {
                $(
                    // SAFETY: the type is the prototype of this function in the newest form, which is
                    // the one dlsym finds.
                    let $name = unsafe { library.get(stringify!($name)) };
                    let $name = *$name.context(concat!("libnrt.so.1 has no ", stringify!($name)))?;
                )*
                Ok(Functions { $($name),* })
            }
        }
    };
}

functions! {
    nrt_init: fn(c_int, *const c_char, *const c_char) -> c_int;
    nrt_close: fn();
    nrt_load: fn(*const c_void, usize, i32, i32, *mut *mut c_void) -> c_int;
    nrt_get_model_tensor_info: fn(*mut c_void, *mut *mut RawInfos) -> c_int;
    nrt_free_model_tensor_info: fn(*mut RawInfos) -> c_int;
    nrt_tensor_allocate: fn(c_int, c_int, usize, *const c_char, *mut *mut c_void) -> c_int;
    nrt_tensor_read: fn(*const c_void, *mut c_void, usize, usize) -> c_int;
    nrt_tensor_write: fn(*mut c_void, *const c_void, usize, usize) -> c_int;
    nrt_allocate_tensor_set: fn(*mut *mut c_void) -> c_int;
    nrt_add_tensor_to_tensor_set: fn(*mut c_void, *const c_char, *mut c_void) -> c_int;
    nrta_execute_schedule: fn(*mut c_void, *const c_void, *mut c_void, c_int, *mut c_int, *mut u64) -> c_int;
    nrta_is_completed: fn(u64, *mut bool) -> c_int;
    nrta_get_sequence: fn(u32, c_int, c_int, *mut u64) -> c_int;
    nrta_event_register_seq_id_completion: fn(u64, c_int) -> c_int;
}

/// A tensor that a model expects.
pub(crate) struct Info {
    pub(crate) name: CString,
    pub(crate) is_input: bool,
    pub(crate) size: usize,
}

/// A loaded model.
pub(crate) struct Model(*mut c_void);

/// Bytes in the memory of a core.
pub(crate) struct Tensor {
    handle: *mut c_void,
    size: usize,
}

/// Tensors by name.
pub(crate) struct TensorSet(*mut c_void);

/// The running runtime. Dropping it closes it, and with it all that it made.
pub(crate) struct Nrt {
    call: Functions,
    _library: Library, // the functions live in it
}

impl Drop for Nrt {
    fn drop(&mut self) {
        // SAFETY: closing waits for queued requests; what they write to is static.
        unsafe { (self.call.nrt_close)() }
    }
}

/// An error for any status but success.
fn must(status: c_int, what: &str) -> Result<()> {
    ensure!(status == SUCCESS, "{what}: status {status}");
    Ok(())
}

impl Nrt {
    /// Opens the library and starts the runtime.
    pub(crate) fn open() -> Result<Nrt> {
        // SAFETY: loading libnrt runs no code of ours.
        let library = unsafe { Library::new("libnrt.so.1") };
        let library = library.context("run this under `nrt-sim run`, or set LD_LIBRARY_PATH")?;
        let call = Functions::find(&library)?;
        // SAFETY: both texts may be NULL.
        must(unsafe { (call.nrt_init)(NO_FRAMEWORK, null(), null()) }, "nrt_init")?;
        Ok(Nrt { call, _library: library })
    }

    /// Loads a NEFF onto a core.
    pub(crate) fn load(&self, neff: &[u8], core: i32) -> Result<Model> {
        let mut model = null_mut();
        // SAFETY: the slice is as long as it says and is not kept.
        let status = unsafe { (self.call.nrt_load)(neff.as_ptr().cast(), neff.len(), core, -1, &mut model) };
        must(status, "nrt_load: is this a NEFF for this device?")?;
        Ok(Model(model))
    }

    /// The inputs and outputs of a model.
    pub(crate) fn tensor_infos(&self, model: &Model) -> Result<Vec<Info>> {
        let mut raw = null_mut();
        // SAFETY: the model is loaded.
        let status = unsafe { (self.call.nrt_get_model_tensor_info)(model.0, &mut raw) };
        must(status, "nrt_get_model_tensor_info")?;
        // SAFETY: on success the list is there until it is freed below.
        let count = usize::try_from(unsafe { (*raw).count })?;
        // SAFETY: a place within the list, right behind the count.
        let first = unsafe { &raw const (*raw).first }.cast::<RawInfo>();
        // SAFETY: `count` entries follow.
        let entries = unsafe { slice::from_raw_parts(first, count) };
        let infos = entries.iter().map(|entry| {
            // SAFETY: the runtime ends the name with a NUL.
            let name = unsafe { CStr::from_ptr(entry.name.as_ptr()) };
            Info { name: name.to_owned(), is_input: entry.usage == 0, size: entry.size }
        });
        let infos = infos.collect();
        // SAFETY: the list came from the call above, and everything in it was copied.
        must(unsafe { (self.call.nrt_free_model_tensor_info)(raw) }, "nrt_free_model_tensor_info")?;
        Ok(infos)
    }

    /// Allocates a tensor on a core.
    pub(crate) fn tensor(&self, info: &Info, core: i32) -> Result<Tensor> {
        let mut handle = null_mut();
        let name = info.name.as_ptr();
        // SAFETY: the name ends with a NUL and is copied.
        let status = unsafe { (self.call.nrt_tensor_allocate)(DEVICE, core, info.size, name, &mut handle) };
        must(status, "nrt_tensor_allocate")?;
        Ok(Tensor { handle, size: info.size })
    }

    /// Reads a whole tensor. It does not wait for requests that write it.
    pub(crate) fn read(&self, tensor: &Tensor) -> Result<Vec<u8>> {
        let mut bytes = vec![0; tensor.size];
        // SAFETY: the buffer has room for all bytes of the tensor.
        let status =
            unsafe { (self.call.nrt_tensor_read)(tensor.handle, bytes.as_mut_ptr().cast(), 0, bytes.len()) };
        must(status, "nrt_tensor_read")?;
        Ok(bytes)
    }

    /// Writes from the start of a tensor. It does not wait for requests that use it.
    pub(crate) fn write(&self, tensor: &Tensor, bytes: &[u8]) -> Result<()> {
        // SAFETY: the slice is as long as it says and is not kept.
        let status =
            unsafe { (self.call.nrt_tensor_write)(tensor.handle, bytes.as_ptr().cast(), 0, bytes.len()) };
        must(status, "nrt_tensor_write")
    }

    /// Makes an empty set.
    pub(crate) fn tensor_set(&self) -> Result<TensorSet> {
        let mut set = null_mut();
        // SAFETY: the pointer is to a variable.
        must(unsafe { (self.call.nrt_allocate_tensor_set)(&mut set) }, "nrt_allocate_tensor_set")?;
        Ok(TensorSet(set))
    }

    /// Enters a tensor under the name the model has for it. Tensors live as long as the runtime here.
    pub(crate) fn add(&self, set: &TensorSet, info: &Info, tensor: &Tensor) -> Result<()> {
        // SAFETY: the name ends with a NUL; tensors are freed by nrt_close only, so they outlive the set.
        let status =
            unsafe { (self.call.nrt_add_tensor_to_tensor_set)(set.0, info.name.as_ptr(), tensor.handle) };
        must(status, "nrt_add_tensor_to_tensor_set")
    }

    /// Queues a run; the sequence id, or the status of the refusal. `status` is written at completion,
    /// whenever that is: hence it is static.
    pub(crate) fn schedule(
        &self,
        model: &Model,
        inputs: &TensorSet,
        outputs: &TensorSet,
        status: &'static AtomicI32,
    ) -> Result<u64, i32> {
        let mut seq = 0;
        // SAFETY: `status` is never freed and is read as an atomic only; `seq` is written before the return.
        let ret = unsafe {
            (self.call.nrta_execute_schedule)(model.0, inputs.0, outputs.0, 0, status.as_ptr(), &mut seq)
        };
        if ret == SUCCESS { Ok(seq) } else { Err(ret) }
    }

    /// Whether a request is over.
    pub(crate) fn is_completed(&self, seq: u64) -> Result<bool> {
        let mut done = false;
        // SAFETY: the pointer is to a variable.
        must(unsafe { (self.call.nrta_is_completed)(seq, &mut done) }, "nrta_is_completed")?;
        Ok(done)
    }

    /// The last request of a core's compute queue that is over.
    pub(crate) fn last_completed(&self, core: u32) -> Result<u64> {
        let mut seq = 0;
        // SAFETY: the pointer is to a variable.
        must(unsafe { (self.call.nrta_get_sequence)(core, COMPUTE, 0, &mut seq) }, "nrta_get_sequence")?;
        Ok(seq)
    }

    /// Has an eventfd signalled when a request is over, at once if it is already.
    pub(crate) fn signal_completion(&self, seq: u64, eventfd: BorrowedFd<'_>) -> Result<()> {
        // SAFETY: the descriptor is open.
        let status = unsafe { (self.call.nrta_event_register_seq_id_completion)(seq, eventfd.as_raw_fd()) };
        must(status, "nrta_event_register_seq_id_completion")
    }
}
