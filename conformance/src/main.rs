//! `nrt-conformance`: checks any `libnrt.so.1` against the documented contract.
fn main() {}
