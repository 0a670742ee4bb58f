use super::Dtype;

/// Dimensions a tensor may have, as many as `nrt_get_model_tensor_info` reports (observed).
pub const DIMS_MAX: usize = 32;

/// Which way the bytes of a tensor go. Inputs come before outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Usage {
    /// Read by the model.
    Input,
    /// Written by the model.
    Output,
}

/// One input or output of a model, as its NEFF declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Unique among those of the same usage. Of any length: what C is shown has room for 255 bytes.
    pub name: String,
    /// Input or output.
    pub usage: Usage,
    /// Type of the elements.
    pub dtype: Dtype,
    /// Elements in each dimension, at most [`DIMS_MAX`] of them; none if the NEFF does not say.
    pub shape: Vec<u64>,
    /// Bytes that the model reads or writes, which need not follow from type and shape.
    pub size: u64,
}

impl TensorSpec {
    /// A tensor whose size follows from its type and shape, at one byte for an element of unknown type.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        usage: Usage,
        dtype: Dtype,
        shape: impl Into<Vec<u64>>,
    ) -> TensorSpec {
        let shape = shape.into();
        let element = dtype.bytes().unwrap_or(1);
        let size = shape.iter().fold(element, |size, dim| size.saturating_mul(*dim));
        TensorSpec { name: name.into(), usage, dtype, shape, size }
    }
}
