//! What the rules of a fault plan have done, as text.

use std::collections::BTreeMap;
use std::fmt;

use sim_core::fault::tally::{Counts, Tally};
use sim_models::armed_rule::ArmedRule;

/// A rule of a plan with what was counted of it in all processes of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleOutcome {
    /// Its name.
    pub(crate) name: String,
    /// What it says.
    pub(crate) sentence: String,
    /// Whether the plan wants it to fire.
    pub(crate) require_fired: bool,
    /// What was counted.
    pub(crate) counts: Counts,
}

impl RuleOutcome {
    /// The rules of all `tallies`, each with the lines that were left on its rules, in the order of the first that has
    /// them.
    pub(crate) fn all<'a>(tallies: impl Iterator<Item = (&'a Tally, &'a [ArmedRule])>) -> Vec<RuleOutcome> {
        let mut outcomes: Vec<RuleOutcome> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for (tally, rules) in tallies {
            for rule in rules.iter().filter(|rule| rule.slot < tally.len()) {
                let counts = tally.counts(rule.slot);
                let place = *places.entry(&rule.name).or_insert(outcomes.len());
                match outcomes.get_mut(place) {
                    Some(outcome) => {
                        let sum = &mut outcome.counts;
                        sum.matched += counts.matched;
                        sum.struck += counts.struck;
                        sum.fired += counts.fired;
                        sum.is_armed |= counts.is_armed;
                    }
                    None => outcomes.push(RuleOutcome {
                        name: rule.name.clone(),
                        sentence: rule.sentence.clone(),
                        require_fired: rule.require_fired,
                        counts,
                    }),
                }
            }
        }
        outcomes
    }

    /// What is to be said if it never fired.
    pub(crate) fn never_fired(&self) -> Option<String> {
        let Counts { matched, struck, fired, .. } = self.counts;
        let why = match (matched, struck) {
            _ if fired > 0 => return None,
            (0, _) => "nothing came that it is for".to_owned(),
            (_, 0) => format!("it was for {matched} requests or calls, and its trigger chose none"),
            _ => format!("it chose {struck}, but an earlier rule decided, or it had no effect on them"),
        };
        Some(format!("rule {:?} never fired: {why}", self.name))
    }
}

/// One line for each rule.
pub(super) fn table(f: &mut fmt::Formatter<'_>, rules: &[RuleOutcome]) -> fmt::Result {
    if rules.is_empty() {
        return Ok(());
    }
    let width = rules.iter().map(|rule| rule.name.chars().count()).max().unwrap_or(0).clamp(4, 60);
    writeln!(f, "faults")?;
    writeln!(f, "  {:<width$}   matched     fired  still armed", "rule")?;
    for RuleOutcome { name, counts: Counts { matched, fired, is_armed, .. }, .. } in rules {
        let armed = if *is_armed { "yes" } else { "no" };
        writeln!(f, "  {name:<width$}  {matched:>8}  {fired:>8}  {armed}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use sim_core::fault::tally::Counts;

    use super::RuleOutcome;

    fn outcome(matched: u64, struck: u64, fired: u64) -> Option<String> {
        let counts = Counts { matched, struck, fired, is_armed: true };
        let (name, sentence) = ("bad".to_owned(), String::new());
        RuleOutcome { name, sentence, require_fired: false, counts }.never_fired()
    }

    #[test]
    fn why_a_rule_never_fired_is_told() {
        for (counts, said) in [
            ((0, 0, 0), "nothing came that it is for"),
            ((7, 0, 0), "for 7 requests or calls, and its trigger chose none"),
            ((7, 2, 0), "it chose 2, but an earlier rule decided"),
        ] {
            let (matched, struck, fired) = counts;
            let told = outcome(matched, struck, fired).expect("it never fired");
            assert!(told.starts_with("rule \"bad\" never fired: ") && told.contains(said), "{told}");
        }
        assert_eq!(outcome(7, 2, 1), None);
    }
}
