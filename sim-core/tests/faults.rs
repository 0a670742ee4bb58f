//! Fault plans at work: what each verdict does, which requests rules strike, and that both can be told beforehand.
//!
//! In manual time every instant is known. With threads, what does not depend on when a program submits is.
#![expect(clippy::disallowed_methods, reason = "threads and processes are part of the subject")]

#[path = "faults/calls.rs"]
mod calls;
#[path = "faults/closing.rs"]
mod closing;
#[path = "faults/control.rs"]
mod control;
#[path = "faults/damage.rs"]
mod damage;
#[path = "faults/holds.rs"]
mod holds;
#[path = "faults/kit.rs"]
mod kit;
#[path = "faults/manual.rs"]
mod manual;
#[path = "faults/plans.rs"]
mod plans;
#[path = "faults/programs.rs"]
mod programs;
#[path = "faults/races.rs"]
mod races;
#[path = "faults/refusals.rs"]
mod refusals;
#[path = "faults/replay.rs"]
mod replay;
#[path = "faults/signals.rs"]
mod signals;
#[path = "faults/statuses.rs"]
mod statuses;
#[path = "faults/triggers.rs"]
mod triggers;
#[path = "faults/waits.rs"]
mod waits;
