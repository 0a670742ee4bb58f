//! Finds the hazards of programs that use the explicit API: mistakes that pass on a fast device.
//!
//! The explicit API orders nothing but the requests of one queue. Whatever else a program relies on it must have
//! *observed*: `nrta_is_completed` said true, `nrta_get_sequence` gave that number or a later one, a blocking call
//! returned, or an event that was registered was signalled. The [`checker`] is told of all that and of what each
//! request uses, and says where the program went on without knowing. That a request happened to be finished does not
//! count, so what it finds does not depend on how fast the device was.
//!
//! ```text
//! checker.rs    the five verbs                    state.rs     what orders what
//! submission.rs a request that was accepted       memory.rs    who uses which bytes
//! queues.rs     what was observed of each queue   failures.rs  failed requests and their results
//! conduct.rs    polling, retries, habits          statuses.rs  who has which status variable
//! kind.rs       all kinds of findings             finding.rs   one of them, with its two sides
//! report.rs     told once, and counted            record.rs    as JSON      sarif.rs  for code review
//! suppress.rs   what is known and not to be told  names.rs     names of tensors
//! ```
//!
//! What one thread has observed counts for all: how threads tell each other cannot be seen. So there may be more
//! mistakes than are found, but what is found as an error is one.

pub mod checker;
pub mod conduct;
mod failures;
pub mod finding;
pub mod kind;
pub mod memory;
mod names;
pub mod queues;
pub mod record;
pub mod report;
pub mod sarif;
mod state;
mod statuses;
mod submission;
pub mod suppress;
