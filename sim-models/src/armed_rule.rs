//! What is told about a rule of a fault plan, from one process to another: one line of JSON.

use serde::{Deserialize, Serialize};

/// A rule of a fault plan that a process had: where it is counted, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArmedRule {
    /// Its place in the tally.
    pub slot: usize,
    /// Its name.
    pub name: String,
    /// What it says, in a sentence.
    pub sentence: String,
    /// Whether a run in which it never fired has failed.
    pub require_fired: bool,
}
