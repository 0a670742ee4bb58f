//! Outputs that were recorded, on hardware say, and are given again for the same inputs.
//!
//! ```text
//! key.rs       which recording: a hash of the inputs   layout.rs     how a file stores tensors, and what it is of
//! recorded.rs  a file, checked against a model         recording.rs  a file in the making
//! replay.rs    the recipe and what it computes
//! ```
//! # The file
//! A golden file is a safetensors file. Each recording is one tensor for each output of the model, called
//! `<key>/<output>`, where the key is the hash of the inputs as 32 hexadecimal digits ([`Key`] has the
//! bytes that are hashed). The entry `nrt_sim_golden` of the file's metadata is a JSON object:
//!
//! | key | what |
//! |---|---|
//! | `format` | 1 |
//! | `signature` | that of the model: `x:float16[2,3],y:float16[3,2]->z:float16[2,2]`, each side by name |
//! | `name`, `uuid` | the model's, the latter as hexadecimal digits; may be left out |
//! | `recorded_with` | a list of the libraries that the outputs came from; may be left out |
//! | `digest` | a hash of all outputs ([`digest`](layout::digest) has the bytes), against damage; may be left out |
//!
//! It is one entry, since the entries of safetensors metadata have no order, and equal recordings are to
//! make equal files. Types and shapes are the model's, with the exceptions of [`stored`]. Chosen here.
//!
//! A model that was compiled anew has another uuid. Its outputs may be played back from the older file as
//! long as the signature is the same, but are not recorded into it.

mod key;
mod layout;
mod recorded;
mod recording;
mod replay;
#[cfg(test)]
mod tests;

pub use key::Key;
pub use layout::{Model, stored};
pub use recording::{Added, Recording};
pub use replay::Golden;
