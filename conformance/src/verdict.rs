//! How a case ends.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end", content = "why")]
pub enum Verdict {
    /// The rule held.
    Passed,
    /// The rule was broken: what was seen instead.
    Failed(String),
    /// What the rule needs first did not work, so it could not be looked at.
    Blocked(String),
    /// The rule says nothing about this library on this machine.
    NotApplicable(String),
    /// The situation that the rule speaks of did not come about; it depends on timing.
    Undecided(String),
    /// A smaller input was asked for, and there is none.
    Exhausted,
}

/// Why a case stops before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop(pub Verdict);

/// What a case, and most steps of it, come to.
pub type Outcome<T = ()> = Result<T, Stop>;

impl Stop {
    /// The rule is broken.
    pub fn failed(what: impl Into<String>) -> Stop {
        Stop(Verdict::Failed(what.into()))
    }

    /// What comes before the rule does not work.
    pub fn blocked(what: impl Into<String>) -> Stop {
        Stop(Verdict::Blocked(what.into()))
    }

    /// The rule does not apply.
    pub fn not_applicable(why: impl Into<String>) -> Stop {
        Stop(Verdict::NotApplicable(why.into()))
    }

    /// It did not come about.
    pub fn undecided(why: impl Into<String>) -> Stop {
        Stop(Verdict::Undecided(why.into()))
    }
}

impl Verdict {
    /// Whether the run must end with an error because of it.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        matches!(self, Verdict::Failed(_) | Verdict::Blocked(_))
    }

    /// Why, where there is something to say.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Verdict::Failed(why) | Verdict::Blocked(why) => why,
            Verdict::NotApplicable(why) | Verdict::Undecided(why) => why,
            Verdict::Passed | Verdict::Exhausted => "",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Passed => "passed",
            Verdict::Failed(_) => "FAILED",
            Verdict::Blocked(_) => "BLOCKED",
            Verdict::NotApplicable(_) => "not applicable",
            Verdict::Undecided(_) | Verdict::Exhausted => "undecided",
        })
    }
}
