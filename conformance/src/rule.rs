//! What a rule is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::abi::Sdk;
use crate::session::Session;
use crate::verdict::Outcome;

/// One sentence of the contract, and the check of it.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable name: family, group, number.
    pub id: &'static str,
    /// The sentence.
    pub says: &'static str,
    /// How sure it is.
    pub source: Source,
    /// Where it stands.
    pub place: &'static str,
    /// The releases that it holds for, first and last.
    pub sdks: (Sdk, Sdk),
    /// How often it is looked at.
    pub cases: Cases,
    /// Environment variables of its cases.
    pub environment: &'static [(&'static str, &'static str)],
    /// The check. Holding is `Ok`.
    pub check: fn(&Session) -> Outcome,
}

/// How sure a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// In the vendor's headers, guides or release notes.
    Documented,
    /// Seen in the vendor's library.
    Observed,
    /// Real programs rely on it.
    ClientCode,
}

/// How often a rule is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cases {
    /// There is one case.
    One,
    /// Each case draws an input; so many for each hundred that the user asks for.
    Drawn(u64),
}

/// Every release.
pub const ANY: (Sdk, Sdk) = (Sdk::V2_28, Sdk::V2_33);
/// Releases whose `nrta_*` have the form of today.
pub const SINCE_2_29: (Sdk, Sdk) = (Sdk::V2_29, Sdk::V2_33);
/// Releases with events.
pub const SINCE_2_30: (Sdk, Sdk) = (Sdk::V2_30, Sdk::V2_33);

impl Rule {
    /// A rule of every release that is looked at once.
    #[must_use]
    pub const fn new(
        id: &'static str,
        says: &'static str,
        source: Source,
        place: &'static str,
        check: fn(&Session) -> Outcome,
    ) -> Rule {
        Rule { id, says, source, place, sdks: ANY, cases: Cases::One, environment: &[], check }
    }

    /// The same for some releases.
    #[must_use]
    pub const fn sdks(mut self, sdks: (Sdk, Sdk)) -> Rule {
        self.sdks = sdks;
        self
    }

    /// The same with drawn inputs: so many for each hundred that the user asks for.
    #[must_use]
    pub const fn drawn(mut self, percent: u64) -> Rule {
        self.cases = Cases::Drawn(percent);
        self
    }

    /// The same with variables set.
    #[must_use]
    pub const fn environment(mut self, environment: &'static [(&'static str, &'static str)]) -> Rule {
        self.environment = environment;
        self
    }

    /// Whether it says anything about this release.
    #[must_use]
    pub fn applies_to(&self, sdk: Sdk) -> bool {
        self.sdks.0 <= sdk && sdk <= self.sdks.1
    }

    /// How many cases it has if the user asks for `cases`.
    #[must_use]
    pub fn case_count(&self, cases: u64) -> u64 {
        match self.cases {
            Cases::One => 1,
            Cases::Drawn(percent) => (cases * percent).div_ceil(100).max(1),
        }
    }

    /// Its group: the middle of its name.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.id.split('-').nth(1).unwrap_or(self.id)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Documented => "documented",
            Source::Observed => "observed",
            Source::ClientCode => "client code",
        })
    }
}
