//! A queue under control from outside: paused, stepped, healed, looked at, given up.

use std::sync::atomic::Ordering::Relaxed;

use super::{Current, Healing, Shard};
use crate::fault::fate::{Course, Hold};
use crate::time::Tick;

/// What a queue does, as who controls it from outside sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State {
    /// The number of the last request that was accepted.
    pub accepted: u64,
    /// The number of the last request that has completed.
    pub completed: u64,
    /// How many requests fit.
    pub capacity: u64,
    /// Whether a fatal status has ended the unit.
    pub is_dead: bool,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Whether a fault holds its first request up.
    pub is_held: bool,
    /// The request that has begun, and when it ends.
    pub running: Option<(u64, Tick)>,
}

impl Shard {
    /// Whether the queue is paused.
    fn is_paused(&self) -> bool {
        self.gate.load(Relaxed) != u64::MAX
    }

    /// Whether a fault may hold a request up.
    pub(crate) fn can_be_held(&self) -> bool {
        self.faults.can_hold()
    }

    /// Lets no further request complete, unless the device is closing. Waits for one whose work is being done.
    pub(crate) fn pause(&self) {
        let _owner = self.owner.lock();
        // The lock orders this after the end of the last pause, which follows the giving up.
        if !self.is_closing.load(Relaxed) {
            self.gate.store(self.port.completed(), Relaxed);
        }
    }

    /// Lets so many more requests complete from the instant `now` on, if it is paused, and says up to which number.
    pub(crate) fn let_through(&self, count: u64, now: Tick) -> Option<u64> {
        let mut owner = self.owner.lock();
        let gate = self.gate.load(Relaxed);
        if gate == u64::MAX {
            return None;
        }
        let last = gate.saturating_add(count).min(self.port.issued()).max(gate);
        self.gate.store(last, Relaxed);
        owner.resumed = owner.resumed.max(now);
        Some(last)
    }

    /// Ends a pause at the instant `now`, and whatever a fault holds up goes on from there.
    pub(crate) fn resume(&self, now: Tick) {
        let mut owner = self.owner.lock();
        let was_paused = self.gate.swap(u64::MAX, Relaxed) != u64::MAX;
        if was_paused || owner.current.as_ref().is_some_and(Current::is_held) {
            owner.resumed = owner.resumed.max(now);
        }
    }

    /// Undoes what faults have done to the queue: what is held up goes on, and a dead unit lives again, once it has
    /// answered what was queued behind the fault.
    pub(crate) fn heal(&self, now: Tick) {
        let mut owner = self.owner.lock();
        if let Some(current) = owner.current.as_mut()
            && current.running.course.hold.is_some()
        {
            let running = &mut current.running;
            running.ends = match running.course.hold {
                Some(Hold::After) => running.ends.max(now),
                Some(Hold::Before) | None => running.begins.max(now) + running.span,
            };
            self.begun[1].store(running.ends.0, Relaxed);
            running.course = Course::default();
            current.fate = None; // what it had in store is undone with it
        }
        if owner.unit.is_dead() && owner.healing.is_none() {
            // A request whose submitter overtakes us was accepted after all: it is not behind the fault.
            owner.healing = Some(Healing { last: self.port.issued(), at: now });
        }
        self.port.revive();
    }

    /// From now on what a fault holds up ends with a timeout, since nobody will heal it any more.
    pub(crate) fn give_up(&self) {
        self.is_closing.store(true, Relaxed);
    }

    /// How many requests were given up.
    pub(crate) fn given_up(&self) -> u64 {
        self.abandoned.load(Relaxed)
    }

    /// What the queue does just now. Waits for a request whose work is being done.
    pub(crate) fn state(&self) -> State {
        let owner = self.owner.lock();
        let ends = |current: &Current| current.running.ends.max(owner.resumed);
        let running = owner.current.as_ref().map(|current| (current.running.num, ends(current)));
        State {
            accepted: self.port.issued(),
            completed: self.port.completed(),
            capacity: self.port.depth(),
            is_dead: self.port.is_dead(),
            is_paused: self.is_paused(),
            is_held: owner.current.as_ref().is_some_and(|current| current.running.course.hold.is_some()),
            running,
        }
    }
}
