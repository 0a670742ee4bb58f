//! What is wrong with a plan, and where.

use std::fmt::{self, Display, Formatter};

/// Everything that is wrong with a plan, in the order of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanError {
    /// At least one problem.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line of the text, from 1.
    pub line: usize,
    /// Character of the line, from 1.
    pub column: usize,
    /// The rule: its number from 1, or its name in quotation marks. Problems of the plan have none.
    pub rule: Option<String>,
    /// What was found.
    pub wrong: String,
    /// The valid name or number that is nearest to what was written, if one is near.
    pub nearest: Option<String>,
    /// What to write instead. Empty where `wrong` says that, too.
    pub expected: String,
}

impl std::error::Error for PlanError {}

impl Display for PlanError {
    /// One problem a line.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if let Some(rule) = &self.rule {
            write!(f, "rule {rule}: ")?;
        }
        f.write_str(&self.wrong)?;
        if let Some(nearest) = &self.nearest {
            // Numbers are written without quotation marks.
            match nearest.parse::<u32>() {
                Ok(number) => write!(f, "; did you mean {number}?")?,
                Err(_) => write!(f, "; did you mean {nearest:?}?")?,
            }
        }
        match (&self.nearest, self.expected.as_str()) {
            (_, "") => Ok(()),
            (None, expected) => write!(f, "; {expected}"),
            (Some(_), expected) => write!(f, " {expected}"),
        }
    }
}

/// What a rule or one of its values is refused for. The text it stands in makes a [`Problem`] of it.
#[derive(Debug)]
pub(super) struct Objection {
    /// The key that is to blame. If the rule does not have it, the whole rule is.
    pub(super) key: &'static str,
    pub(super) wrong: String,
    pub(super) nearest: Option<String>,
    pub(super) expected: String,
}

impl Objection {
    pub(super) fn new(key: &'static str, wrong: impl Into<String>, expected: impl Into<String>) -> Objection {
        Objection { key, wrong: wrong.into(), nearest: None, expected: expected.into() }
    }
}
