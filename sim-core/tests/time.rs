//! What each mode of time promises.
//!
//! In manual time every instant is known. Of real time only the least is told that something takes.
#![expect(clippy::disallowed_methods, reason = "threads and the clock are part of the subject")]

#[path = "time/kit.rs"]
mod kit;
#[path = "time/manual.rs"]
mod manual;
#[path = "time/shuffle.rs"]
mod shuffle;
#[path = "time/threads.rs"]
mod threads;
