//! How often each rule matched, struck and fired, in one block of memory.
//!
//! The block can be a shared file, so that another process reads it however this one ended; see [`crate::ledger`].

use std::io;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::memory::bytes::Mapping;

/// Rules that one device can have, from init to close; removed ones count.
pub const RULES_MAX: usize = 1024;

/// Marks a tally of this layout: "NRTTLY" and a version.
const MAGIC: u64 = 0x4e52_5454_4c59_0001;
/// Words before the first rule: magic, rules, two spare.
const HEAD: usize = 4;
/// Words of one rule: matched, struck, fired, whether it is armed.
const RULE: usize = 4;

/// Counters of the rules of one device.
#[derive(Debug)]
pub struct Tally {
    mapping: Mapping,
}

/// What is counted of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Requests and calls that it was for.
    pub matched: u64,
    /// Those that its trigger chose.
    pub struck: u64,
    /// Those that it had an effect on: an earlier rule may have decided, or there was nothing to be done wrong.
    pub fired: u64,
    /// Whether it can still fire: it was not removed, and neither its limits nor its time are used up.
    pub is_armed: bool,
}

impl Tally {
    /// Bytes of a tally.
    pub const BYTES: usize = (HEAD + RULES_MAX * RULE) * 8;

    /// An empty tally in memory of its own, committed on touch.
    ///
    /// # Errors
    /// The system's, when it has no memory.
    pub fn new() -> io::Result<Tally> {
        Ok(Tally::begin(Mapping::reserve(Tally::BYTES)?))
    }

    /// An empty tally in `file`, which must have [`Tally::BYTES`] bytes, all zero.
    ///
    /// # Errors
    /// The system's, when the file cannot be mapped.
    pub fn in_file(file: impl AsFd) -> io::Result<Tally> {
        Ok(Tally::begin(Mapping::of_file(file, Tally::BYTES)?))
    }

    /// A tally that another process wrote, or `None` if the `len` bytes of `file` are not one.
    pub fn read(file: impl AsFd, len: usize) -> Option<Tally> {
        if len < Tally::BYTES {
            return None;
        }
        let tally = Tally { mapping: Mapping::of_file(file, Tally::BYTES).ok()? };
        (tally.word(0).load(Relaxed) == MAGIC).then_some(tally)
    }

    fn begin(mapping: Mapping) -> Tally {
        let tally = Tally { mapping };
        tally.word(0).store(MAGIC, Relaxed);
        tally
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        self.mapping.word(index)
    }

    /// How many rules it has counters for.
    pub fn len(&self) -> usize {
        usize::try_from(self.word(1).load(Relaxed)).map_or(RULES_MAX, |len| len.min(RULES_MAX))
    }

    /// Whether there has been no rule.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counters for one more rule, which is armed; `None` if there are too many. Called by one thread at a time.
    pub(crate) fn add(&self) -> Option<usize> {
        let slot = self.len();
        if slot == RULES_MAX {
            return None;
        }
        self.counter(slot, 3).store(1, Relaxed);
        self.word(1).store(slot as u64 + 1, Relaxed);
        Some(slot)
    }

    pub(crate) fn matched(&self, slot: usize) {
        self.counter(slot, 0).fetch_add(1, Relaxed);
    }

    pub(crate) fn struck(&self, slot: usize) {
        self.counter(slot, 1).fetch_add(1, Relaxed);
    }

    pub(crate) fn fired(&self, slot: usize) {
        self.counter(slot, 2).fetch_add(1, Relaxed);
    }

    pub(crate) fn disarm(&self, slot: usize) {
        self.counter(slot, 3).store(0, Relaxed);
    }

    /// What has been counted of the rule at `slot`, below [`Tally::len`].
    pub fn counts(&self, slot: usize) -> Counts {
        let [matched, struck, fired, armed] =
            [0, 1, 2, 3].map(|which| self.counter(slot, which).load(Relaxed));
        Counts { matched, struck, fired, is_armed: armed == 1 }
    }

    fn counter(&self, slot: usize, which: usize) -> &AtomicU64 {
        assert!(slot < RULES_MAX, "rule {slot} of {RULES_MAX}");
        self.word(HEAD + slot * RULE + which)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, RULES_MAX, Tally};

    #[test]
    fn another_reader_of_the_file_sees_the_counts() {
        let file = rustix::fs::memfd_create("tally", rustix::fs::MemfdFlags::CLOEXEC).expect("small");
        rustix::fs::ftruncate(&file, Tally::BYTES as u64).expect("small");
        let ours = Tally::in_file(&file).expect("small");
        let (first, second) = (ours.add().expect("room"), ours.add().expect("room"));
        ours.matched(second);
        ours.matched(second);
        ours.struck(second);
        ours.fired(second);
        ours.disarm(first);

        let theirs = Tally::read(&file, Tally::BYTES).expect("a tally");
        assert_eq!(theirs.len(), 2);
        assert_eq!(theirs.counts(0), Counts::default());
        assert_eq!(theirs.counts(1), Counts { matched: 2, struck: 1, fired: 1, is_armed: true });
        assert!(Tally::read(&file, 8).is_none());
    }

    #[test]
    fn there_is_an_end_to_rules() {
        let tally = Tally::new().expect("small");
        assert!((0..RULES_MAX).all(|slot| tally.add() == Some(slot)));
        assert_eq!((tally.add(), tally.len()), (None, RULES_MAX));
    }
}
