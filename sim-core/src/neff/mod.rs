//! Reads NEFF files, the compiled models that `nrt_load` takes, from memory.
//!
//! A NEFF is a 1024-byte header and a tar archive, usually gzip'd. A simulator needs little of it: for
//! which hardware it was compiled, how many physical cores share it, and the names, types and sizes of its
//! inputs and outputs. Instructions, constants and debug tables are skipped, never kept.
//!
//! ```text
//! header.rs  the fixed fields, gates 3 to 6     digest.rs     the hash, gate 7
//! archive.rs tar and gzip, with limits          files.rs      the descriptions among its files
//! graph.rs   neff.json, gate 9                  kelf.rs       kelf-0.json, gate 10
//! signature.rs  def.json: inputs and outputs    container.rs  all of it, gates 11 to 13
//! contents.rs   what else there is to see       writer.rs     the way back
//! ```
//! The gates are the runtime's own checks at load, in its order; [`NeffError`] has them all.
//!
//! Nothing here trusts its input: every count, size and path is bounded, and no input makes it panic.

mod archive;
mod container;
mod contents;
mod digest;
mod dtype;
mod error;
mod files;
mod graph;
mod header;
mod json;
mod kelf;
mod limits;
mod signature;
mod stats;
mod tensor;
mod writer;

#[cfg(test)]
mod gates;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod layout;

pub use container::{Machine, Neff, Policy};
pub use contents::{ArchivedFile, Contents, CoreFiles, ENGINES, each_file};
pub use dtype::Dtype;
pub use error::{NeffError, NeffErrorKind};
pub use header::{FEATURE_LNC, FEATURES_KNOWN, HEADER_BYTES, Header};
pub use kelf::{Arch, Target};
pub use limits::Limits;
pub use stats::Stats;
pub use tensor::{DIMS_MAX, TensorSpec, Usage};
pub use writer::NeffBuilder;

/// The folder for what is meant for a simulator, which no compiler writes.
const ATTACHMENTS: &str = "sim";
