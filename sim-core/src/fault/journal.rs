//! The journal: each time a rule fired, and what was done.

use std::collections::VecDeque;
use std::fmt::{self, Display, Formatter};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;

use super::rule::{Operation, Place, Signalling};
use crate::seq::UnitId;
use crate::status::Status;
use crate::time::{Nanos, Tick};

/// Entries that are kept to be read; a full journal loses the oldest.
const KEPT: usize = 1 << 16;

/// One time that a rule fired.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The simulated instant.
    pub at: Tick,
    /// The rule's name.
    pub rule: Arc<str>,
    /// Where it was asked.
    pub place: Place,
    /// Whom it struck.
    pub victim: Victim,
    /// What was done.
    pub effect: Effect,
    /// Whether later processes are to find the queue as this leaves it.
    pub persists: bool,
}

/// A request or a call that a rule has struck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Victim {
    /// Logical core; none for `nrt_init`.
    pub core: Option<u8>,
    /// Its queue; none for calls.
    pub unit: Option<UnitId>,
    /// Its number on the queue; of calls, how many of its kind there had been on that core, itself included.
    pub num: u64,
    /// What it did.
    pub operation: Operation,
    /// The model it ran or loaded.
    pub model: Option<Arc<str>>,
}

/// What was done to the victim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It ended with a status.
    Ended(Status),
    /// It ended with a status when the time limit for a completion had passed.
    TimedOut(Status, Nanos),
    /// The device tried again by itself, which took its time.
    Retried(Nanos),
    /// It took so much longer.
    Delayed(Nanos),
    /// It is stuck at the head of its queue.
    Stuck,
    /// It is done, and nobody is told.
    Unannounced,
    /// It was not accepted.
    Refused(Status),
    /// So many of its numbers became NaN.
    Nan(u64),
    /// So many of its bits became wrong.
    Flipped(u64),
    /// It moved so many bytes, of so many.
    Torn(u64, u64),
    /// Those who listen were told wrongly.
    Signalled(Signalling),
    /// The call failed with a status.
    Failed(Status),
}

impl Effect {
    /// The status that it brought about, if it did.
    pub fn status(self) -> Option<Status> {
        match self {
            Effect::Ended(status)
            | Effect::TimedOut(status, _)
            | Effect::Refused(status)
            | Effect::Failed(status) => Some(status),
            _ => None,
        }
    }
}

impl Display for Effect {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let named = |status: Status| format!("{} ({})", status.name(), status.code());
        match *self {
            Effect::Ended(status) if status.is_fatal() => {
                write!(f, "ended with {}, the unit is dead", named(status))
            }
            Effect::Ended(status) => write!(f, "ended with {}", named(status)),
            Effect::TimedOut(status, limit) => write!(
                f,
                "hung for {} ms, then ended with {}, the unit is dead",
                limit.0 / 1_000_000,
                named(status)
            ),
            Effect::Retried(span) => write!(f, "tried again by the device, {} ns longer", span.0),
            Effect::Delayed(span) => write!(f, "{} ns late", span.0),
            Effect::Stuck => f.write_str("stuck, and all behind it"),
            Effect::Unannounced => f.write_str("done, but nobody is told"),
            Effect::Refused(status) | Effect::Failed(status) => write!(f, "refused with {}", named(status)),
            Effect::Nan(count) => write!(f, "{count} numbers of the outputs are NaN"),
            Effect::Flipped(count) => write!(f, "{count} bits flipped"),
            Effect::Torn(moved, of) => write!(f, "torn after {moved} of {of} bytes"),
            Effect::Signalled(Signalling::Late(span)) => write!(f, "signalled {} ns late", span.0),
            Effect::Signalled(Signalling::Twice) => f.write_str("signalled twice"),
            Effect::Signalled(Signalling::Spurious) => f.write_str("signalled before it had ended"),
        }
    }
}

/// Somebody who is told of each entry as it is made, by the thread on which the rule fired.
pub type Witness = Box<dyn Fn(&Entry) + Send + Sync>;

/// The latest entries.
#[derive(Default)]
pub struct Journal {
    ring: Mutex<Ring>,
    witness: OnceLock<Witness>,
}

#[derive(Default)]
struct Ring {
    /// How many entries there were before the first that is kept.
    lost: u64,
    entries: VecDeque<Entry>,
}

/// A part of the journal.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Where to go on reading.
    pub next: u64,
    /// How many entries between the asked-for place and the first of these are no longer kept.
    pub lost: u64,
}

impl Journal {
    /// Has `witness` told of each entry from now on. Only the first call has an effect.
    pub fn set_witness(&self, witness: Witness) {
        let _ = self.witness.set(witness); // a second one is not wanted, see above
    }

    pub(crate) fn write(&self, entry: Entry) {
        if let Some(witness) = self.witness.get() {
            witness(&entry);
        }
        let mut ring = self.ring.lock();
        if ring.entries.len() == KEPT {
            ring.entries.pop_front();
            ring.lost += 1;
        }
        ring.entries.push_back(entry);
    }

    /// At most `most` entries from the `from`th on, counted from 0 over the life of the device.
    pub fn read(&self, from: u64, most: usize) -> Page {
        let ring = self.ring.lock();
        let first = from.max(ring.lost);
        let skip = usize::try_from(first - ring.lost).unwrap_or(usize::MAX);
        let entries: Vec<Entry> = ring.entries.iter().skip(skip).take(most).cloned().collect();
        let next = first.min(ring.lost + ring.entries.len() as u64) + entries.len() as u64;
        Page { entries, next, lost: ring.lost.saturating_sub(from) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, Entry, Journal, KEPT, Victim};
    use crate::fault::{Operation, Place};
    use crate::status::Status;
    use crate::time::Tick;

    fn entry(num: u64) -> Entry {
        let victim = Victim { core: Some(0), unit: None, num, operation: Operation::Allocate, model: None };
        let effect = Effect::Failed(Status::Resource);
        Entry { at: Tick(num), rule: "full".into(), place: Place::Allocate, victim, effect, persists: false }
    }

    #[test]
    fn reading_goes_on_where_it_stopped() {
        let journal = Journal::default();
        (0..5).for_each(|num| journal.write(entry(num)));
        let page = journal.read(0, 3);
        assert_eq!((page.entries.len(), page.next, page.lost), (3, 3, 0));
        let page = journal.read(page.next, 3);
        assert_eq!((page.entries, page.next, page.lost), (vec![entry(3), entry(4)], 5, 0));
        let page = journal.read(99, 3);
        assert_eq!((page.entries.len(), page.next), (0, 5));
    }

    #[test]
    fn a_full_journal_loses_the_oldest_and_says_so() {
        let journal = Journal::default();
        (0..KEPT as u64 + 7).for_each(|num| journal.write(entry(num)));
        let page = journal.read(2, 1);
        assert_eq!((page.entries[0].at, page.lost, page.next), (Tick(7), 5, 8));
    }
}
