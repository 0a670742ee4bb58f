//! The interface of `include/nrt_sim/kernel.h`, for one kind of kernel whose tensors are float32.

use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;

use crate::Axpy;

/// `NRT_DTYPE_FLOAT32`
pub(crate) const FLOAT32: u32 = 10;

const ABI_VERSION: u32 = 1;
const NRT_FAILURE: u32 = 1;

/// An input or output.
pub(crate) struct Tensor {
    pub(crate) name: String,
    pub(crate) dtype: u32,
    pub(crate) size: u64,
}

/// What the simulator tells of a model.
pub(crate) struct Model {
    pub(crate) inputs: Vec<Tensor>,
    pub(crate) outputs: Vec<Tensor>,
    pub(crate) options: Vec<(String, String)>,
}

/// `nrt_sim_tensor_t`
#[repr(C)]
struct RawTensor {
    name: *const c_char,
    shape: *const u64,
    size: u64,
    dtype: u32,
    ndim: u32,
}

/// `nrt_sim_model_t`
#[repr(C)]
struct RawModel {
    struct_size: u64,
    name: *const c_char,
    uuid: [u8; 16],
    inputs: *const RawTensor,
    input_count: u64,
    outputs: *const RawTensor,
    output_count: u64,
    options: *const [*const c_char; 2],
    option_count: u64,
    data: *const c_void,
    data_size: u64,
}

type Create = unsafe extern "C" fn(*const RawModel, *mut *mut c_void, *mut u8, usize) -> u32;
type Run = unsafe extern "C" fn(*mut c_void, *const *const c_void, *const *mut c_void, *mut u8, usize) -> u32;

/// `nrt_sim_kernel_plugin_t`
#[repr(C)]
struct Plugin {
    abi_version: u32,
    struct_size: u32,
    name: *const c_char,
    create: Create,
    run: Run,
    destroy: unsafe extern "C" fn(*mut c_void),
}

// SAFETY: static text and functions, never written.
unsafe impl Sync for Plugin {}

static PLUGIN: Plugin = Plugin {
    abi_version: ABI_VERSION,
    struct_size: size_of::<Plugin>() as u32,
    name: c"axpy".as_ptr(),
    create,
    run,
    destroy,
};

#[unsafe(no_mangle)]
extern "C" fn nrt_sim_kernel_plugin() -> *const Plugin {
    &raw const PLUGIN
}

/// The kernel, and how many elements its tensors have.
struct Kernel {
    axpy: Axpy,
    inputs: Vec<usize>,
    outputs: Vec<usize>,
}

unsafe extern "C" fn create(
    model: *const RawModel,
    kernel: *mut *mut c_void,
    error: *mut u8,
    error_size: usize,
) -> u32 {
    let made = guarded(|| {
        // SAFETY: the simulator passes a model that is valid for the call.
        let model = unsafe { &*model };
        // SAFETY: as above.
        let model = unsafe { read(model) };
        let axpy = Axpy::new(&model)?;
        let counts = |tensors: &[Tensor]| tensors.iter().map(|tensor| tensor.size as usize / 4).collect();
        Ok(Kernel { axpy, inputs: counts(&model.inputs), outputs: counts(&model.outputs) })
    });
    match made {
        Ok(made) => {
            // SAFETY: the simulator passes a place for the kernel.
            unsafe { kernel.write(Box::into_raw(Box::new(made)).cast()) };
            0
        }
        // SAFETY: the simulator passes room for the error.
        Err(reason) => unsafe { fail(&reason, error, error_size) },
    }
}

unsafe extern "C" fn run(
    kernel: *mut c_void,
    inputs: *const *const c_void,
    outputs: *const *mut c_void,
    error: *mut u8,
    error_size: usize,
) -> u32 {
    // SAFETY: `create` made it.
    let kernel = unsafe { &*kernel.cast::<Kernel>() };
    // SAFETY: there is a pointer for each input.
    let inputs = unsafe { slice::from_raw_parts(inputs, kernel.inputs.len()) };
    // SAFETY: there is a pointer for each output.
    let outputs = unsafe { slice::from_raw_parts(outputs, kernel.outputs.len()) };
    let sources = inputs.iter().zip(&kernel.inputs);
    // SAFETY: each is aligned and as long as its tensor.
    let sources = sources.map(|(input, count)| unsafe { slice::from_raw_parts(input.cast::<f32>(), *count) });
    let targets = outputs.iter().zip(&kernel.outputs);
    let targets = targets
        // SAFETY: as above, and none overlaps another.
        .map(|(output, count)| unsafe { slice::from_raw_parts_mut(output.cast::<f32>(), *count) });
    let (sources, mut targets): (Vec<_>, Vec<_>) = (sources.collect(), targets.collect());
    match guarded(|| kernel.axpy.run(&sources, &mut targets)) {
        Ok(()) => 0,
        // SAFETY: the simulator passes room for the error.
        Err(reason) => unsafe { fail(&reason, error, error_size) },
    }
}

unsafe extern "C" fn destroy(kernel: *mut c_void) {
    // SAFETY: `create` made it as such a box, and nothing uses it any more.
    drop(unsafe { Box::from_raw(kernel.cast::<Kernel>()) });
}

/// No panic may pass into C.
fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err("the kernel panicked".to_owned()))
}

/// # Safety
/// `error` is valid for `error_size` bytes.
unsafe fn fail(reason: &str, error: *mut u8, error_size: usize) -> u32 {
    let length = reason.len().min(error_size.saturating_sub(1)); // the last byte stays zero
    // SAFETY: `length` is less than `error_size`, and the two do not overlap.
    unsafe { error.copy_from_nonoverlapping(reason.as_ptr(), length) };
    NRT_FAILURE
}

/// # Safety
/// `model` is as the header has it.
unsafe fn read(model: &RawModel) -> Model {
    // SAFETY: the header promises an array of so many.
    let inputs = unsafe { slice::from_raw_parts(model.inputs, model.input_count as usize) };
    // SAFETY: as above.
    let outputs = unsafe { slice::from_raw_parts(model.outputs, model.output_count as usize) };
    // SAFETY: as above; an option is two texts.
    let options = unsafe { slice::from_raw_parts(model.options, model.option_count as usize) };
    // SAFETY: the header promises texts that end with a zero.
    let text = |address: &*const c_char| unsafe { CStr::from_ptr(*address) }.to_string_lossy().into_owned();
    let tensor = |raw: &RawTensor| Tensor { name: text(&raw.name), dtype: raw.dtype, size: raw.size };
    Model {
        inputs: inputs.iter().map(tensor).collect(),
        outputs: outputs.iter().map(tensor).collect(),
        options: options.iter().map(|[key, value]| (text(key), text(value))).collect(),
    }
}
