//! The model a network is to compute, out of C's structs.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};
use std::slice;

use sim_core::neff::{Dtype, TensorSpec, Usage};
use sim_models::plugin::abi;

/// What the simulator told of a model.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// What a run reads.
    pub inputs: Vec<TensorSpec>,
    /// What a run writes.
    pub outputs: Vec<TensorSpec>,
    /// What the user wrote for it.
    pub options: BTreeMap<String, String>,
    /// The ONNX file.
    pub data: Vec<u8>,
}

impl Model {
    /// Copies `model`.
    ///
    /// # Errors
    /// It has fewer fields than this plug-in knows.
    ///
    /// # Safety
    /// It is as the header has it.
    pub(crate) unsafe fn read(model: *const abi::Model) -> Result<Model, String> {
        // SAFETY: in every version the struct begins with its size.
        let size = unsafe { (*model).struct_size };
        if size < size_of::<abi::Model>() as u64 {
            return Err("the plug-in is newer than the simulator; build both from one source".to_owned());
        }
        // SAFETY: it is as long as ours.
        let model = unsafe { &*model };
        // SAFETY: the header promises an array of so many.
        let inputs = unsafe { array(model.inputs, model.input_count) };
        // SAFETY: as above.
        let outputs = unsafe { array(model.outputs, model.output_count) };
        // SAFETY: as above.
        let settings = unsafe { array(model.options, model.option_count) };
        // SAFETY: as above, where null means none.
        let data = unsafe { array(model.data.cast::<u8>(), model.data_size) };
        let option = |setting: &abi::Setting| {
            // SAFETY: the header promises texts.
            let key = unsafe { text(setting.key) };
            // SAFETY: as above.
            (key, unsafe { text(setting.value) })
        };
        let specs = |tensors: &[abi::Tensor], usage| {
            // SAFETY: the header promises valid tensors.
            tensors.iter().map(|tensor| unsafe { spec(tensor, usage) }).collect()
        };
        Ok(Model {
            inputs: specs(inputs, Usage::Input),
            outputs: specs(outputs, Usage::Output),
            options: settings.iter().map(option).collect(),
            data: data.to_vec(),
        })
    }
}

/// # Safety
/// `address` is valid for `count` elements, or null.
unsafe fn array<'a, T>(address: *const T, count: u64) -> &'a [T] {
    if address.is_null() {
        return &[];
    }
    // SAFETY: as above; what is in memory has a length that fits.
    unsafe { slice::from_raw_parts(address, count as usize) }
}

/// # Safety
/// `address` is a text that ends with a zero.
unsafe fn text(address: *const c_char) -> String {
    // SAFETY: as above.
    unsafe { CStr::from_ptr(address) }.to_string_lossy().into_owned()
}

/// # Safety
/// Name and shape are valid.
unsafe fn spec(tensor: &abi::Tensor, usage: Usage) -> TensorSpec {
    let dtype = Dtype::ALL.into_iter().find(|dtype| dtype.code() == tensor.dtype).unwrap_or_default();
    // SAFETY: as above.
    let shape = unsafe { array(tensor.shape, tensor.ndim.into()) };
    // SAFETY: as above.
    let name = unsafe { text(tensor.name) };
    TensorSpec { name, usage, dtype, shape: shape.to_vec(), size: tensor.size }
}
