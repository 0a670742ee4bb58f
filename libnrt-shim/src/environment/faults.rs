//! What the environment says of faults and time limits.

use std::ffi::OsString;
use std::path::PathBuf;

use sim_core::config::EXEC_TIMEOUT;
use sim_core::fault::Plan;
use sim_core::time::Nanos;
use sim_models::written::Written;

use super::reader::Reader;
use super::settled;

impl<L: Fn(&str) -> Option<OsString>> Reader<L> {
    /// The plan, and the file it is from.
    pub(super) fn plan(&mut self) -> (Plan, Option<PathBuf>) {
        let Some(Written { text, file }) = self.written("NRT_SIM_FAULTS", "a plan") else {
            return (Plan::default(), None);
        };
        let place = file.as_ref().map_or_else(String::new, |file| format!("{}, ", file.display()));
        let plan = Plan::parse(&text).unwrap_or_else(|error| {
            // Each problem is a line of its own, with its place in the text.
            let problems = error.to_string();
            let named = |problem: &str| format!("NRT_SIM_FAULTS: {place}{problem}");
            self.wrong.extend(problems.lines().map(named));
            Plan::default()
        });
        (plan, file.map(settled))
    }

    /// The rank that launchers of jobs tell; only rules that ask for it look at it, so that others need not be a number.
    pub(super) fn rank(&mut self) -> Option<u32> {
        const LAUNCHERS: [&str; 4] = ["RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"];
        if let Some(text) = self.text("NRT_SIM_RANK") {
            let rank = text.trim().parse();
            return rank.map_err(|_| self.refuse("NRT_SIM_RANK", &text, "a number from 0")).ok();
        }
        LAUNCHERS.iter().find_map(|name| (self.lookup)(name)?.to_str()?.parse().ok())
    }

    pub(super) fn exec_timeout(&mut self) -> Nanos {
        let default = EXEC_TIMEOUT.0 / 1_000_000_000;
        let seconds = self.number("NEURON_RT_EXEC_TIMEOUT", default, 0..=i32::MAX as u64);
        Nanos(seconds * 1_000_000_000)
    }
}
