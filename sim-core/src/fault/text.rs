//! Plans as TOML, read strictly: whatever is not understood is a problem, and all problems are told at once.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::check;
use super::problem::{PlanError, Problem, Problems, unknown};
use super::rule::{Plan, Rule, Scenario};
use super::table::Table;

/// The longest text that is read.
const BYTES_MAX: usize = 1 << 20;
/// Rules that one plan can have.
const RULES_MAX: usize = 256;
/// A rule, and where it stands in the text.
pub(super) struct Placed {
    pub(super) rule: Rule,
    pub(super) span: Range<usize>,
}

impl Plan {
    /// Reads a plan from TOML.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(text: &str) -> Result<Plan, PlanError> {
        let mut problems = Problems::of(text);
        let plan = read(&mut problems);
        problems.unless(plan)
    }
}

impl Rule {
    /// Reads exactly one rule: its keys, an inline table of them, or a plan with one rule.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(text: &str) -> Result<Rule, PlanError> {
        let text = text.trim();
        let whole = if text.starts_with('{') { format!("rule = [{text}]") } else { text.to_owned() };
        let is_plan = DeTable::parse(&whole).is_ok_and(|table| table.get_ref().contains_key("rule"));
        let plan = if is_plan || whole.is_empty() {
            Plan::parse(&whole)
        } else {
            // Lines are counted as the user does.
            let up = |mut problem: Problem| {
                problem.line = problem.line.saturating_sub(1).max(1);
                problem
            };
            Plan::parse(&format!("[[rule]]\n{whole}"))
                .map_err(|error| PlanError { problems: error.problems.into_iter().map(up).collect() })
        };
        let mut plan = plan?;
        match (plan.rules.pop(), plan.rules.is_empty()) {
            (Some(rule), true) => Ok(rule),
            _ => {
                let mut problems = Problems::of(&whole);
                problems.add(
                    0..0,
                    None,
                    "expected exactly one rule, such as: nth = 3, status = 1202, each on a line",
                );
                Err(problems.unless(()).expect_err("one was added"))
            }
        }
    }
}

fn read(problems: &mut Problems<'_>) -> Plan {
    let text = problems.text();
    if text.len() > BYTES_MAX {
        problems.add(0..0, None, format!("a plan of {} bytes; at most {BYTES_MAX} are read", text.len()));
        return Plan::default();
    }
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            problems.add(
                error.span().unwrap_or(0..0),
                None,
                format!("this is not TOML: {}", error.message()),
            );
            return Plan::default();
        }
    };
    let mut plan = Plan::default();
    let mut placed = Vec::new();
    for (key, value) in table.get_ref() {
        match key.get_ref().as_ref() {
            "rule" => placed = rules(problems, value),
            "scenario" => plan.scenario = scenario(problems, value),
            other => problems.add(key.span(), None, unknown("key", other, &["rule", "scenario"])),
        }
    }
    if !problems.has_any() {
        check::plan(problems, &placed);
    }
    plan.rules = placed.into_iter().map(|placed| placed.rule).collect();
    plan
}

fn rules(problems: &mut Problems<'_>, value: &Spanned<DeValue<'_>>) -> Vec<Placed> {
    let DeValue::Array(entries) = value.get_ref() else {
        problems.add(value.span(), None, "rules are an array of tables: write [[rule]], or rule = [{ … }]");
        return Vec::new();
    };
    if entries.len() > RULES_MAX {
        problems.add(value.span(), None, format!("{} rules; a plan has at most {RULES_MAX}", entries.len()));
        return Vec::new();
    }
    let mut placed: Vec<Placed> = Vec::new();
    for (entry, number) in entries.iter().zip(1..) {
        let DeValue::Table(table) = entry.get_ref() else {
            problems.add(entry.span(), None, "a rule is a table, such as { nth = 3, status = 1202 }");
            continue;
        };
        let label = format!("rule {number}");
        let rule = Table::of(problems, table, entry.span(), label).rule();
        placed.extend(rule.map(|rule| Placed { rule, span: entry.span() }));
    }
    name(problems, &mut placed);
    placed
}

/// Gives those a name that have none: one that follows from what they say, so that their luck does as well.
fn name(problems: &mut Problems<'_>, placed: &mut [Placed]) {
    let mut taken = BTreeSet::new();
    for Placed { rule, span } in placed.iter().filter(|placed| !placed.rule.name.is_empty()) {
        if !taken.insert(rule.name.clone()) {
            problems.add(span.clone(), Some(&rule.name), "another rule has this name; names are unique");
        }
    }
    for Placed { rule, .. } in placed.iter_mut().filter(|placed| placed.rule.name.is_empty()) {
        let title = rule.title();
        let numbered = |number: usize| match number {
            1 => title.clone(),
            _ => format!("{title} ({number})"),
        };
        let free = (1..).map(numbered).find(|name| !taken.contains(name));
        rule.name = free.expect("numbers do not end");
        taken.insert(rule.name.clone());
    }
}

/// The table of a scenario as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioText {
    about: String,
    source: String,
    correct: String,
    #[serde(default)]
    environment: toml::Table,
}

fn scenario(problems: &mut Problems<'_>, value: &Spanned<DeValue<'_>>) -> Option<Scenario> {
    let span = value.span();
    let told = ScenarioText::deserialize(ValueDeserializer::from(value.clone()));
    let ScenarioText { about, source, correct, environment } = match told {
        Ok(told) => told,
        Err(error) => {
            problems.add(span, None, format!("scenario: {}", error.message()));
            return None;
        }
    };
    let mut variables = Vec::new();
    for (name, value) in environment {
        match value {
            toml::Value::String(value) if name.starts_with("NEURON_") => variables.push((name, value)),
            _ => problems.add(
                span.clone(),
                None,
                format!(
                    "scenario: environment.{name}: expected a variable of the runtime, NEURON_…, and a text"
                ),
            ),
        }
    }
    Some(Scenario { about, source, correct, environment: variables })
}
