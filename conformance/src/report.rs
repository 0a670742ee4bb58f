//! What a run came to, and how it is told.

mod catalogue;
mod diff;
mod junit;
mod table;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use catalogue::catalogue;
pub use diff::diff;
pub use junit::junit;
pub use table::table;

use crate::abi::Sdk;
use crate::rule::{Rule, Source};
use crate::verdict::Verdict;

/// A run of the suite on a library.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunReport {
    /// The library.
    pub library: PathBuf,
    /// Its version, in four parts.
    pub version: Option<String>,
    /// The release that it was judged as.
    pub sdk: Sdk,
    /// The source of all luck.
    pub seed: u64,
    /// How many cases were run.
    pub cases: u64,
    /// How long the run took.
    pub seconds: f64,
    /// How fast cases were run.
    pub cases_per_second: f64,
    /// What kept the library from beginning at all.
    pub trouble: Option<String>,
    /// Whether the user ended it.
    pub interrupted: bool,
    /// The rules, in the order of the catalogue.
    pub rules: Vec<RuleReport>,
}

/// What became of a rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RuleReport {
    /// Its name.
    pub id: String,
    /// Its sentence.
    pub says: String,
    /// How sure it is.
    pub source: Source,
    /// Where it stands.
    pub place: String,
    /// How it ended, all cases together.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Cases that passed.
    pub passed: u64,
    /// Observations that its cases counted.
    pub looked: u64,
    /// How long its cases took, all together.
    pub seconds: f64,
    /// The first case that went wrong.
    pub finding: Option<Finding>,
}

/// A case that went wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finding {
    /// Which case.
    pub case: u64,
    /// What was seen.
    pub what: String,
    /// The command that looks at the case again.
    pub replay: String,
    /// The end of what the library printed.
    pub output: String,
    /// A C program that shows the same.
    pub program: Option<String>,
    /// Whether that was seen to fail, or why not.
    pub confirmed: Result<(), String>,
}

impl RunReport {
    /// Whether every rule that applies held, and there was one.
    #[must_use]
    pub fn held(&self) -> bool {
        let all = || self.rules.iter();
        let held = all().any(|rule| rule.verdict == Verdict::Passed);
        held && !self.interrupted && self.trouble.is_none() && !all().any(|rule| rule.verdict.is_bad())
    }
}

impl RuleReport {
    /// A rule that ended like this, without any case yet.
    #[must_use]
    pub fn new(rule: &Rule, verdict: Verdict) -> RuleReport {
        RuleReport {
            id: rule.id.to_owned(),
            says: rule.says.to_owned(),
            source: rule.source,
            place: rule.place.to_owned(),
            verdict,
            passed: 0,
            looked: 0,
            seconds: 0.0,
            finding: None,
        }
    }
}
