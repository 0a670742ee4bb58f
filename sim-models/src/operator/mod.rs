//! Operators: computations that a user can name, for tests whose outcome is plain.
//!
//! ```text
//! copy.rs      zeros, echo, identity      layout.rs   what a tensor must be to be computed with
//! combine.rs   add, mul                   chunk.rs    tensors a piece at a time
//! convert.rs   relu, cast                 lanes.rs    the view along an axis
//! constant.rs, reduce.rs, softmax.rs, matmul.rs       scratch.rs  memory kept between runs
//! ```
//! Each is a [`Recipe`](crate::recipe::Recipe) that looks at the model's inputs and outputs once, when the
//! model is loaded, and refuses what it does not suit. Inputs are taken in the order of their names, unless
//! the recipe names them in `inputs`; then those it leaves out are not read.
//!
//! Floats are computed with as float32 and rounded once, to the type of the output. The last bit may differ
//! between machines: kernels and libraries of mathematics choose instructions by what a CPU has.

mod chunk;
pub mod combine;
pub mod constant;
pub mod convert;
pub mod copy;
mod lanes;
mod layout;
pub mod matmul;
pub mod reduce;
mod scratch;
pub mod softmax;

#[cfg(test)]
mod tests;
