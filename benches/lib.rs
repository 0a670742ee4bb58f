//! Benchmarks only; see `device.rs`, `kernels.rs` and `client.rs`.
