//! Everything a device is opened with, as plain data.

use std::str::FromStr;

use crate::fault::Plan;
use crate::fault::faults::{Circumstances, TimeLimits};
use crate::profile::Profile;
use crate::time::Nanos;

/// How many requests a compute queue takes, counting the one that runs (observed).
pub const COMPUTE_DEPTH: u64 = 8;
/// The deepest a compute queue can be made (observed).
pub const COMPUTE_DEPTH_MAX: u64 = 63;

/// How long a run may take unless `NEURON_RT_EXEC_TIMEOUT` says otherwise (guide).
pub const EXEC_TIMEOUT: Nanos = Nanos(30_000_000_000);

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
    /// Faults to inject from the beginning.
    pub plan: Plan,
    /// How long a completion may take before the runtime gives up.
    pub limits: TimeLimits,
    /// Whether the runtime looks for NaN in outputs.
    pub sees_nan: bool,
    /// Rank of the process among those of its job, for rules that ask for it.
    pub rank: Option<u32>,
    /// Who moves time.
    pub time: Time,
    /// Whether durations are drawn so that completions of different queues come in any order.
    pub shuffle: bool,
}

/// How simulated time relates to the clock on the wall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Time {
    /// Time jumps to the next event: nothing is ever waited for.
    Free,
    /// A simulated second takes so many seconds.
    Wall(f64),
    /// Time moves only when the program observes, waits or steps.
    Manual,
}

/// A text that names no way for time to pass. Says what would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("free, manual, wall, or wall:SCALE with a scale from 0.000001 to 1000000, as in wall:0.1")]
pub struct NoTime;

impl FromStr for Time {
    type Err = NoTime;

    /// Reads what programs can be run with.
    fn from_str(text: &str) -> Result<Time, NoTime> {
        let scale = match text {
            "free" => return Ok(Time::Free),
            "manual" => return Ok(Time::Manual),
            "wall" => Some(1.0),
            _ => text.strip_prefix("wall:").and_then(|scale| scale.parse().ok()),
        };
        scale.filter(|scale| (1e-6..=1e6).contains(scale)).map(Time::Wall).ok_or(NoTime)
    }
}

impl Config {
    /// What all rules of its plan have in common.
    pub fn circumstances(&self) -> Circumstances {
        Circumstances { seed: self.seed, rank: self.rank, sees_nan: self.sees_nan }
    }

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
            limits: TimeLimits { run: EXEC_TIMEOUT, collective: None },
            sees_nan: false,
            rank: None,
            time: Time::Free,
            shuffle: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Time;

    #[test]
    fn time_is_free_manual_or_that_of_a_scaled_clock() {
        for (text, time) in [
            ("free", Some(Time::Free)),
            ("manual", Some(Time::Manual)),
            ("wall", Some(Time::Wall(1.0))),
            ("wall:0.1", Some(Time::Wall(0.1))),
            ("wall:1e3", Some(Time::Wall(1000.0))),
        ] {
            assert_eq!(text.parse().ok(), time, "{text}");
        }
        for text in ["", "Manual", "walls", "wall:", "wall:0", "wall:-1", "wall:inf", "wall:NaN", "free:2"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
