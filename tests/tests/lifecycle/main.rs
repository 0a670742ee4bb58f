//! The life of the runtime: before init, open, closed, forked, and opened again.

mod closing;
mod environment;
mod phases;
mod threads;
