//! Benchmarks only; see `device.rs` and `client.rs`.
