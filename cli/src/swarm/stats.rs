//! What happened in cases.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use sim_core::fault::{Effect, Entry, Signalling};

/// Counts of one case, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Requests that were accepted, and so have completed.
    pub(super) requests: u64,
    /// Those that were refused.
    pub(super) refused: u64,
    /// Signals that were given.
    pub(super) signals: u64,
    /// Rules that fired, by what they did.
    pub(super) faults: BTreeMap<&'static str, u64>,
}

impl Stats {
    /// Counts what the journal tells.
    pub(super) fn note(&mut self, journal: &[Entry]) {
        journal.iter().for_each(|entry| *self.faults.entry(name(entry.effect)).or_default() += 1);
    }

    /// Adds those of another case.
    pub(super) fn add(&mut self, other: &Stats) {
        self.requests += other.requests;
        self.refused += other.refused;
        self.signals += other.signals;
        other.faults.iter().for_each(|(name, count)| *self.faults.entry(name).or_default() += count);
    }
}

/// A word for what a rule did.
fn name(effect: Effect) -> &'static str {
    match effect {
        Effect::Ended(status) if status.is_fatal() => "fatal",
        Effect::Ended(_) => "failed",
        Effect::TimedOut(..) => "hung",
        Effect::Retried(_) => "retried",
        Effect::Delayed(_) => "late",
        Effect::Stuck => "stuck",
        Effect::Unannounced => "never",
        Effect::Refused(_) => "refused",
        Effect::Nan(_) => "nan",
        Effect::Flipped(_) => "flipped",
        Effect::Torn(..) => "torn",
        Effect::Signalled(Signalling::Late(_)) => "signal-late",
        Effect::Signalled(Signalling::Twice) => "signal-twice",
        Effect::Signalled(Signalling::Spurious) => "signal-spurious",
        Effect::Failed(_) => "call-failed",
    }
}

impl Display for Stats {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} requests, {} refused, {} signals", self.requests, self.refused, self.signals)?;
        self.faults.iter().try_for_each(|(name, count)| write!(f, ", {count} {name}"))
    }
}
