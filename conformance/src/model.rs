//! What the contract says about tensors, sets, models, queues and events, as plain data: the least that can be compared
//! with a library.
//!
//! Calls are made one at a time. What a library does meanwhile by itself, complete requests, is known only as far as it
//! was seen: a [`queue::Queue`] is a range of what may be so.

pub mod function;
pub mod queue;
pub mod set;
pub mod tensor;
pub mod uses;
pub mod watch;
