//! `nrt-sim neff run`: a NEFF on a `libnrt.so.1`, the simulated one or a real one.
//!
//! ```text
//! run.rs          flags, and what happens in which order     environment.rs  what the library is told
//! nrt.rs          the functions of a library, by address     session.rs      a model on it, safely
//! answer.rs       statuses, and what to do about them        tensor_file.rs  safetensors, by run
//! random.rs       inputs from a seed                         element.rs      bytes as numbers
//! inputs.rs       what a run begins with                 recorder.rs     golden files
//! comparison.rs   outputs beside those that were expected
//! ```
//! Only the documented C functions are used, so that outputs can be recorded on a machine with the hardware.

mod answer;
mod comparison;
mod element;
mod environment;
mod inputs;
mod nrt;
mod random;
mod recorder;
mod run;
mod session;
mod tensor_file;

pub(crate) use run::{Options, run};
