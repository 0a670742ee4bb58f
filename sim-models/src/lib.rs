//! What a run of a model computes: the kernels behind [`sim_core::kernel::Kernel`].
//!
//! ```text
//! compute.rs    the trait of everything that computes with numbers    buffer.rs     aligned bytes
//! recipe.rs     from a user's words to a computation                  signature.rs  a model's inputs and outputs
//! mix.rs        the kernel of a model nothing is known about
//! ```
//! The instructions in a NEFF cannot be interpreted outside of the vendor's tools. So what a model computes
//! is what a user bound to it, and nothing is ever concluded from recognising a file.

pub mod buffer;
pub mod compute;
pub mod mix;
pub mod recipe;
pub mod signature;
