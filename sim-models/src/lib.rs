//! What a run of a model computes: the kernels behind [`sim_core::kernel::Kernel`], and which model gets which.
//!
//! ```text
//! models.rs     the choice for a model           compute.rs    the trait of what computes with numbers
//! bindings.rs   a user's bindings file           recipe.rs     from a user's words to a computation
//! spec.rs       one kernel in a user's words     signature.rs  a model's inputs and outputs
//! pattern.rs    names and hashes with * and ?    buffer.rs     aligned bytes
//! written.rs    a file, or its text              mix.rs        the kernel of a model nothing is known about
//! placement.rs  what is told of a loaded model   operator/     what can be named without a file
//! element.rs    bytes as numbers                 float8.rs     numbers of one byte
//! golden/       recorded outputs, by a hash of the inputs
//! plugin/       kernels in shared libraries      onnx.rs       networks, computed by such a library
//! onnx_file/    what an ONNX file says of itself
//! regular.rs    files that can be read to an end  hexadecimal.rs  bytes as digits
//! folder.rs     where processes of one user meet  armed_rule.rs   what is told of a fault plan
//! command.rs    what a running program is told, and what it answers
//! trail.rs      what is told of a program's calls
//! ```
//! The instructions in a NEFF cannot be interpreted outside of the vendor's tools. So what a model computes
//! is what a user bound to it, and nothing is ever concluded from recognising a file.

pub mod armed_rule;
pub mod bindings;
pub mod buffer;
pub mod command;
pub mod compute;
pub mod element;
pub mod float8;
pub mod folder;
pub mod golden;
pub mod hexadecimal;
pub mod mix;
pub mod models;
pub mod onnx;
pub mod onnx_file;
pub mod operator;
mod pattern;
pub mod placement;
pub mod plugin;
pub mod recipe;
mod regular;
pub mod signature;
pub mod spec;
pub mod trail;
pub mod written;
