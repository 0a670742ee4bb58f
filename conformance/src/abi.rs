//! The interface as this suite knows it: its own copy, compared with the specification in a test.

mod functions;
pub mod layout;
mod sdk;
mod status;

pub use functions::{Function, Returns, functions};
pub use sdk::Sdk;
pub use status::Status;

/// Symbol version of the functions that are as old as the library, and of the first form of `nrta_*`.
pub const NRT_2: &str = "NRT_2.0.0";
/// Symbol version of `nrta_*` since SDK 2.29.
pub const NRT_3: &str = "NRT_3.0.0";
/// Symbol version of the functions by which a simulator is stepped.
pub const NRT_SIM: &str = "NRT_SIM_1.0";

/// `nrta_xu_t` since SDK 2.29: transfers.
pub const TENSOR_OP: u32 = 0;
/// `nrta_xu_t` since SDK 2.29: runs of models.
pub const COMPUTE: u32 = 1;
/// `nrta_xu_t` since SDK 2.29: collectives.
pub const COLLECTIVES: u32 = 2;

/// `nrt_tensor_placement_t`: memory of the device.
pub const DEVICE: u32 = 0;
/// `nrt_tensor_placement_t`: memory of the host.
pub const HOST: u32 = 1;

/// The number of a sequence id within its unit, the lower 48 bits.
#[must_use]
pub fn number(sequence: u64) -> u64 {
    sequence & ((1 << 48) - 1)
}

/// The sequence id of a request: core, queue and kind of unit above its number.
#[must_use]
pub fn sequence(core: u32, xu: u32, queue: u32, number: u64) -> u64 {
    u64::from(core) << 56 | u64::from(queue) << 52 | u64::from(xu) << 48 | number
}
