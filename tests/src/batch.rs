//! Pieces of several tensors, as a program hands them over.

use crate::nrt::Handle;

/// `nrt_tensor_batch_op_t`.
#[repr(C)]
#[derive(Debug)]
pub struct BatchOp {
    /// Where in the tensor.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// Where in the program.
    pub buffer: *mut u8,
}

/// `nrt_tensor_batch_t`.
#[repr(C)]
#[derive(Debug)]
pub struct Batch {
    /// The tensor.
    pub tensor: Handle,
    /// Its operations.
    pub ops: *const BatchOp,
    /// How many.
    pub num_ops: u32,
}
