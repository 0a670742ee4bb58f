//! A simulated Neuron device: what it has, what it does, and when.
//!
//! The crate knows no C, no environment variables and no logs. Threads and clocks are in [`driver`] alone,
//! `unsafe` in [`memory::bytes`] alone. `docs/architecture.md` tells how the parts work together.

pub mod blocking;
pub mod config;
pub mod control;
pub mod device;
pub mod draw;
pub mod driver;
pub mod fault;
pub mod inflight;
pub mod kernel;
pub mod ledger;
#[cfg(all(test, loom))]
mod loom_tests;
pub mod memory;
pub mod model;
pub mod neff;
pub mod port;
pub mod profile;
pub mod rates;
pub mod recorder;
pub mod request;
pub mod seq;
pub mod shard;
pub mod status;
mod sync;
pub mod time;
pub mod timing;
pub mod unit;
