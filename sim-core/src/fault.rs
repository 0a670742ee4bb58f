//! Faults as data: which request of which queue ends with which status.

use serde::Deserialize;

use crate::seq::{UnitId, UnitKind};
use crate::status::Status;

/// A list of rules; the first that matches a request decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The rules, in the order in which they are asked.
    #[serde(default, rename = "rule")]
    pub rules: Vec<Rule>,
}

/// One fault: the requests it strikes and the status they end with.
///
/// What a status means for the outputs and for the unit is [`Status::has_run`] and [`Status::is_fatal`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, try_from = "Text")]
pub struct Rule {
    /// Logical core, or any.
    pub core: Option<u8>,
    /// Kind of unit, or any.
    pub kind: Option<UnitKind>,
    /// Queue, or any.
    pub queue: Option<u8>,
    /// Number of the request on its queue (from 1), or any.
    pub nth: Option<u64>,
    /// What the request ends with.
    pub status: Status,
}

/// A rule as it is written in a plan.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    core: Option<u8>,
    unit: Option<String>,
    queue: Option<u8>,
    nth: Option<u64>,
    status: u32,
}

impl TryFrom<Text> for Rule {
    type Error = String;

    fn try_from(text: Text) -> Result<Rule, String> {
        let status = Status::from_code(text.status).filter(|&status| status != Status::Success);
        let status =
            status.ok_or_else(|| format!("status = {} is not the number of an error", text.status))?;
        let kind = match text.unit {
            None => None,
            Some(name) => {
                let known = UnitKind::ALL.into_iter().find(|kind| kind.name() == name);
                let names = UnitKind::ALL.map(UnitKind::name).join(", ");
                Some(known.ok_or_else(|| format!("unit = \"{name}\" is none of {names}"))?)
            }
        };
        if text.nth == Some(0) {
            return Err("nth = 0 never happens: requests are counted from 1".into());
        }
        Ok(Rule { core: text.core, kind, queue: text.queue, nth: text.nth, status })
    }
}

impl Plan {
    /// Reads a plan from TOML, strictly: an unknown key is an error.
    ///
    /// # Errors
    /// What is wrong, with its place in the text.
    pub fn parse(text: &str) -> Result<Plan, toml::de::Error> {
        toml::from_str(text)
    }

    /// What request `num` of `unit` is made to end with, if any rule strikes it.
    pub fn verdict(&self, unit: UnitId, num: u64) -> Option<Status> {
        self.rules.iter().find(|rule| rule.strikes(unit, num)).map(|rule| rule.status)
    }
}

impl Rule {
    fn strikes(&self, unit: UnitId, num: u64) -> bool {
        self.core.is_none_or(|core| core == unit.core)
            && self.kind.is_none_or(|kind| kind == unit.kind)
            && self.queue.is_none_or(|queue| queue == unit.queue)
            && self.nth.is_none_or(|nth| nth == num)
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;
    use crate::seq::{UnitId, UnitKind};
    use crate::status::Status;

    const UNIT: UnitId = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };

    #[test]
    fn the_first_rule_that_matches_decides() {
        let plan = Plan::parse(
            "[[rule]]\nunit = \"compute\"\nnth = 3\nstatus = 1202\n[[rule]]\ncore = 0\nstatus = 1003\n",
        )
        .expect("a valid plan");
        assert_eq!(plan.verdict(UNIT, 3), Some(Status::ExecHwErrNcUe));
        assert_eq!(plan.verdict(UNIT, 4), Some(Status::ExecCompletedWithNumErr));
        assert_eq!(plan.verdict(UnitId { core: 1, ..UNIT }, 4), None);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, said) in [
            ("[[rule]]\nstatus = 0", "not the number of an error"),
            ("[[rule]]\nstatus = 8", "not the number of an error"),
            ("[[rule]]\nnth = 0\nstatus = 5", "counted from 1"),
            ("[[rule]]\nunit = \"gpu\"\nstatus = 5", "none of tensor-op, compute"),
            ("[[rule]]\nnht = 1\nstatus = 5", "unknown field"),
            ("[[rules]]\nstatus = 5", "unknown field"),
        ] {
            let error = Plan::parse(text).expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }
}
