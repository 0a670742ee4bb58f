use serde::Deserialize;
use serde_json::Number;

use super::files::Files;

/// How much work the compiler says a run is, from `hlo_stats.json`; for estimates of its cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Multiplications with addition. The file counts the whole model, not one physical core.
    pub macs: Option<u64>,
    /// Bytes moved to and from device memory.
    pub traffic_bytes: Option<u64>,
}

impl Stats {
    pub(super) const FILE: &'static str = "hlo_stats.json";

    /// What the archive says, and nothing if the file is missing or malformed: no gate asks for it.
    pub(super) fn read(files: &Files) -> Stats {
        let raw: Raw = files.json(Stats::FILE).unwrap_or_default();
        Stats { macs: count(raw.macs.as_ref()), traffic_bytes: count(raw.traffic_bytes.as_ref()) }
    }
}

/// The numbers as they stand: −1 means unknown (observed).
#[derive(Deserialize, Default)]
struct Raw {
    #[serde(rename = "HloMacCount")]
    macs: Option<Number>,
    #[serde(rename = "Traffic")]
    traffic_bytes: Option<Number>,
}

fn count(number: Option<&Number>) -> Option<u64> {
    number.and_then(Number::as_u64)
}
