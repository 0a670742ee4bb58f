//! Implicit async mode: how many runs may be under way, and what is odd about asking for it.

use std::ffi::OsString;

use sim_core::config::COMPUTE_DEPTH_MAX;

use super::Settings;
use super::reader::Reader;
use crate::sdk::Sdk;

const NAME: &str = "NEURON_RT_ASYNC_EXEC_MAX_INFLIGHT_REQUESTS";

impl Settings {
    /// How many runs of a core may be under way in implicit async mode, if that is on: `nrt_execute` returns early, and
    /// the explicit API is refused. The depth of the compute queue plays no part then (chosen here).
    ///
    /// From SDK 2.31 on the variable has no effect but a warning (two of three sources, `docs/assumptions.md`).
    pub(crate) fn implicit_limit(&self) -> Option<u64> {
        Some(self.inflight_max).filter(|limit| *limit > 0 && self.sdk.has_implicit_async())
    }
}

impl<L: Fn(&str) -> Option<OsString>> Reader<L> {
    /// More than 63 are clamped to that (observed); 0 turns the mode off (guide).
    pub(super) fn inflight_max(&mut self, sdk: Sdk, remarks: &mut Vec<String>) -> u64 {
        let wanted = self.number(NAME, 0, 0..=u64::MAX);
        let limit = wanted.min(COMPUTE_DEPTH_MAX);
        if limit > 0 && !sdk.has_implicit_async() {
            remarks
                .push(format!("{NAME} has no effect: implicit async mode was removed, nrt_execute blocks"));
            return limit;
        }
        if wanted > limit {
            remarks.push(format!("{NAME}={wanted} is more than there can be, {limit} is used"));
        }
        if limit > 0 && sdk.warns_of_implicit_async() {
            remarks
                .push(format!("{NAME} is deprecated: implicit async mode will be removed; use nrta_* calls"));
        }
        limit
    }
}

#[cfg(test)]
mod tests {
    use super::{NAME, Settings};

    #[test]
    fn implicit_async_mode_works_then_warns_then_is_gone() {
        let mode = |sdk: &str, limit: &str| {
            let variables = [("NRT_SIM_SDK", sdk), (NAME, limit)];
            let value =
                |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into());
            let settings = Settings::read(value).expect("nothing is refused");
            (settings.implicit_limit(), settings.remarks.len())
        };
        for sdk in ["2.28", "2.29"] {
            assert_eq!(
                ["0", "63", "64"].map(|limit| mode(sdk, limit)),
                [(None, 0), (Some(63), 0), (Some(63), 1)]
            );
        }
        assert_eq!(
            ["0", "3", "64"].map(|limit| mode("2.30", limit)),
            [(None, 0), (Some(3), 1), (Some(63), 2)]
        );
        for sdk in ["2.31", "2.32", "2.33"] {
            assert_eq!(["0", "3", "64"].map(|limit| mode(sdk, limit)), [(None, 0), (None, 1), (None, 1)]);
        }
    }
}
