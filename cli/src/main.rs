//! `nrt-sim`: runs programs that use `libnrt.so.1` on a simulated Neuron device.
fn main() {}
