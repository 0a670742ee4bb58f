//! What is wrong with a plan, and where.

use std::fmt::{self, Display, Formatter};
use std::ops::Range;

/// How alike a wrong name and a right one must be for the right one to be offered: 1 is equal.
const ALIKE: f64 = 0.6;

/// Everything that is wrong with a plan: at least one problem. Displayed with a line for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// In the order of the text.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it is in the text, counted from 1.
    pub line: usize,
    /// The character of the line, counted from 1.
    pub column: usize,
    /// The rule that it is in, by name or number, if it is in one.
    pub rule: Option<String>,
    /// What was found, and what was expected.
    pub what: String,
}

impl std::error::Error for PlanError {}

impl Display for PlanError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if let Some(rule) = &self.rule {
            write!(f, "{rule}: ")?;
        }
        f.write_str(&self.what)
    }
}

/// Collects what is wrong with one text.
pub(super) struct Problems<'a> {
    text: &'a str,
    found: Vec<(usize, Problem)>,
}

impl<'a> Problems<'a> {
    pub(super) fn of(text: &'a str) -> Problems<'a> {
        Problems { text, found: Vec::new() }
    }

    /// The text itself.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Notes a problem at `span` of the text, in `rule` if it is in one.
    pub(super) fn add(&mut self, span: Range<usize>, rule: Option<&str>, what: impl Into<String>) {
        let at = (0..=span.start.min(self.text.len())).rev().find(|&at| self.text.is_char_boundary(at));
        let before = &self.text[..at.unwrap_or(0)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        // Texts may hold anything, and each problem is to be one line.
        let what = what.into().replace(['\n', '\r'], " ");
        let rule = rule.map(|rule| rule.escape_debug().to_string());
        self.found.push((span.start, Problem { line, column, rule, what }));
    }

    /// `value`, if nothing is wrong.
    pub(super) fn unless<T>(mut self, value: T) -> Result<T, PlanError> {
        if self.found.is_empty() {
            return Ok(value);
        }
        self.found.sort_by_key(|(at, _)| *at);
        Err(PlanError { problems: self.found.into_iter().map(|(_, problem)| problem).collect() })
    }

    pub(super) fn has_any(&self) -> bool {
        !self.found.is_empty()
    }
}

/// What to say of `wrong`, which is none of the `right` names of what is a `kind`.
pub(super) fn unknown(kind: &str, wrong: &str, right: &[&str]) -> String {
    let alike = |name: &&&str| strsim::jaro_winkler(&wrong.to_lowercase(), &name.to_lowercase());
    let best = right.iter().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|name| alike(name) > ALIKE);
    let offer = best.map_or_else(String::new, |name| format!("did you mean \"{name}\"? "));
    let wrong = wrong.escape_debug();
    format!("unknown {kind} \"{wrong}\"; {offer}{kind}s are {}", right.join(", "))
}
