//! Computes ONNX files: a plug-in of `include/nrt_sim/kernel.h` over the runtime `rten`.
//!
//! ```text
//! lib.rs      the three functions of a plug-in    model.rs    what they are told of the model
//! fitting.rs  which tensor of the NEFF is which   network.rs  the network, ready to run
//! elements.rs types on both sides, and from one to the other
//! gaps.rs     what the runtime would only fail at later
//! stack.rs    room for long chains of operators
//! ```
//! Its data is the ONNX file. Its options are `threads`, and `input.NAME` and `output.NAME`: what the tensor NAME
//! of the NEFF is called in the network, where that is not NAME.
//!
//! No panic leaves the library: one of the runtime ends as the error of what was called.

mod elements;
mod fitting;
mod gaps;
mod model;
mod network;
mod stack;

use std::ffi::{c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

use sim_core::status::Status;
use sim_models::compute::Failure;
use sim_models::plugin::abi;

pub use model::Model;
pub use network::Network;

/// What the simulator is told of this plug-in.
struct Exported(abi::Plugin);

// SAFETY: it points to static text and functions only, and is never written.
unsafe impl Sync for Exported {}

static PLUGIN: Exported = Exported(abi::Plugin {
    abi_version: abi::VERSION,
    struct_size: size_of::<abi::Plugin>() as u32,
    name: c"onnx".as_ptr(),
    create: Some(create),
    run: Some(run),
    destroy: Some(destroy),
});

/// The entry point, see the header.
#[unsafe(no_mangle)]
pub extern "C" fn nrt_sim_kernel_plugin() -> *const abi::Plugin {
    &raw const PLUGIN.0
}

/// Loads the network in the model's data.
///
/// # Safety
/// As the header has it.
unsafe extern "C" fn create(
    model: *const abi::Model,
    kernel: *mut *mut c_void,
    error: *mut c_char,
    error_size: usize,
) -> u32 {
    let made = guarded(|| {
        // SAFETY: the simulator passes a model that is valid for the call.
        let model = unsafe { Model::read(model) }?;
        Network::load(model)
    });
    let status = match made.unwrap_or_else(Err) {
        Ok(network) => {
            // SAFETY: the simulator passes a place for the kernel.
            unsafe { kernel.write(Box::into_raw(Box::new(network)).cast()) };
            return 0;
        }
        Err(reason) => Failure { status: Status::Invalid, reason },
    };
    // SAFETY: the simulator passes room for the error.
    unsafe { tell(&status, error, error_size) }
}

/// Runs a network.
///
/// # Safety
/// As the header has it.
unsafe extern "C" fn run(
    kernel: *mut c_void,
    inputs: *const *const c_void,
    outputs: *const *mut c_void,
    error: *mut c_char,
    error_size: usize,
) -> u32 {
    // SAFETY: `create` made it.
    let network = unsafe { &*kernel.cast::<Network>() };
    // SAFETY: there is a pointer for each input of the model.
    let inputs = unsafe { slice::from_raw_parts(inputs, network.input_sizes().count()) };
    let inputs: Vec<&[u8]> = inputs
        .iter()
        .zip(network.input_sizes())
        // SAFETY: each is valid for as many bytes as the model says, for the call.
        .map(|(input, size)| unsafe { slice::from_raw_parts(input.cast(), size) })
        .collect();
    // SAFETY: there is a pointer for each output of the model.
    let outputs = unsafe { slice::from_raw_parts(outputs, network.output_sizes().count()) };
    let mut outputs: Vec<&mut [u8]> = outputs
        .iter()
        .zip(network.output_sizes())
        // SAFETY: as above, and none overlaps another.
        .map(|(output, size)| unsafe { slice::from_raw_parts_mut(output.cast(), size) })
        .collect();
    let ran = guarded(|| network.run(&inputs, &mut outputs));
    match ran.unwrap_or_else(|reason| Err(Failure { status: Status::Failure, reason })) {
        Ok(()) => 0,
        // SAFETY: the simulator passes room for the error.
        Err(failure) => unsafe { tell(&failure, error, error_size) },
    }
}

/// Frees a network.
///
/// # Safety
/// As the header has it.
unsafe extern "C" fn destroy(kernel: *mut c_void) {
    // SAFETY: `create` made it as such a box, and nothing uses it any more.
    let network = unsafe { Box::from_raw(kernel.cast::<Network>()) };
    // What a destructor of the runtime may say then, nobody can be told.
    let _ = guarded(|| drop(network));
}

/// What `work` returns, or what it panicked with.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        format!("the ONNX runtime panicked: {text}")
    })
}

/// Writes the reason to `error`, cut short if need be; returns the status. The last byte stays the zero it is.
///
/// # Safety
/// `error` is valid for `error_size` bytes.
unsafe fn tell(failure: &Failure, error: *mut c_char, error_size: usize) -> u32 {
    // SAFETY: the caller has it so.
    let room = unsafe { slice::from_raw_parts_mut(error.cast::<u8>(), error_size) };
    if let Some((_, room)) = room.split_last_mut() {
        let text = failure.reason.as_bytes();
        let length = text.len().min(room.len());
        room[..length].copy_from_slice(&text[..length]);
        room[length..].fill(0);
    }
    failure.status.code()
}
