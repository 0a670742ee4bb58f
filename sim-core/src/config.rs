//! Everything a device is opened with, as plain data.

use crate::fault::Plan;
use crate::profile::Profile;

/// How many requests a compute queue takes, counting the one that runs (observed).
pub const COMPUTE_DEPTH: u64 = 8;
/// The deepest a compute queue can be made (observed).
pub const COMPUTE_DEPTH_MAX: u64 = 63;

/// What [`crate::device::Device::open`] is given.
#[derive(Debug, Clone)]
pub struct Config {
    /// The machine.
    pub profile: Profile,
    /// Physical cores to a logical core; divides the profile's cores of a device.
    pub lnc: u32,
    /// The first logical core of the machine that the process has.
    pub first_core: u32,
    /// How many logical cores the process has.
    pub cores: u32,
    /// Requests a compute queue takes before it is full; the other queues have no bound.
    pub compute_depth: u64,
    /// The source of all luck.
    pub seed: u64,
    /// Faults to inject.
    pub plan: Plan,
    /// Who moves time.
    pub time: Time,
}

/// How simulated time relates to the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Time {
    /// Time jumps to the next event: nothing is ever waited for.
    Free,
    /// A simulated second takes so many seconds.
    Wall(f64),
    /// Time moves only when the program observes, waits or steps. One thread.
    Manual,
}

impl Config {
    /// A whole machine with the defaults of the runtime: free-running, no faults, seed 0.
    pub fn new(profile: Profile) -> Config {
        let lnc = profile.default_lnc;
        Config {
            lnc,
            first_core: 0,
            cores: profile.logical_cores(lnc),
            profile,
            compute_depth: COMPUTE_DEPTH,
            seed: 0,
            plan: Plan::default(),
            time: Time::Free,
        }
    }
}
