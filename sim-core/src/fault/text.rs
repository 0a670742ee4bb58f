//! Plans as TOML.

use std::fmt::{self, Display, Formatter};

use serde::Deserialize;

use super::rule::{Matcher, Place, Plan, Rule, Trigger, Verdict};
use crate::seq::UnitKind;
use crate::status::Status;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanText {
    #[serde(default, rename = "rule")]
    rules: Vec<RuleText>,
}

/// A rule as it is written in a plan.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    core: Option<u8>,
    unit: Option<String>,
    queue: Option<u8>,
    nth: Option<u64>,
    status: u32,
}

impl RuleText {
    fn rule(self, number: usize) -> Result<Rule, String> {
        let status = Status::from_code(self.status).filter(|&status| status != Status::Success);
        let status =
            status.ok_or_else(|| format!("status = {} is not the number of an error", self.status))?;
        let kind = match self.unit {
            None => None,
            Some(name) => {
                let known = UnitKind::ALL.into_iter().find(|kind| kind.name() == name);
                let names = UnitKind::ALL.map(UnitKind::name).join(", ");
                Some(known.ok_or_else(|| format!("unit = \"{name}\" is none of {names}"))?)
            }
        };
        if self.nth == Some(0) {
            return Err("nth = 0 never happens: requests are counted from 1".into());
        }
        Ok(Rule {
            name: format!("rule {number}"),
            place: Place::Finish,
            matcher: Matcher { core: self.core, kind, queue: self.queue, ..Matcher::default() },
            trigger: Trigger { nth: self.nth, ..Trigger::default() },
            verdict: Verdict::Status(status),
            times: None,
            lifetime: None,
            require_fired: false,
            persist: false,
        })
    }
}

impl Plan {
    /// Reads a plan from TOML, strictly: an unknown key is an error.
    ///
    /// # Errors
    /// What is wrong, in one line.
    pub fn parse(text: &str) -> Result<Plan, String> {
        let plan: PlanText = toml::from_str(text).map_err(|error| error.to_string().replace('\n', " "))?;
        let rules = plan.rules.into_iter().zip(1..).map(|(rule, number)| rule.rule(number));
        Ok(Plan { rules: rules.collect::<Result<_, _>>()?, scenario: None })
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.verdict)
    }
}
