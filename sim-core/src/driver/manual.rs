//! The driver without threads: time moves when the program looks, waits or steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard};

use super::{Driver, Limit, Moment, Waited};
use crate::memory::tensor::{Counting, Outputs};
use crate::shard::{Bounds, Effort, Pumped, Shard};
use crate::time::{Nanos, Tick};

/// Pumps on the calling thread, one completion at a time, in the order of simulated time.
///
/// Requests that end at the same instant complete in the order of their units: a total order.
pub struct Manual {
    now: AtomicU64,
    shards: Vec<Arc<Shard>>,
    /// By place: up to which number a program that asks for the last completion was told of it.
    shown: Vec<AtomicU64>,
    /// Held by who moves time and does what is due: threads that look at once do so one after the other.
    turn: Mutex<()>,
    /// Held, for a moment, while it is decided which instant is next, and by who needs the instant to stay: what is
    /// submitted at an instant is known before time leaves it.
    clock: Mutex<()>,
}

/// That it is our turn.
type Turn<'a> = MutexGuard<'a, ()>;

impl Manual {
    /// A driver of all of `shards`, at the beginning of time.
    pub fn new(shards: Vec<Arc<Shard>>) -> Manual {
        let places = shards.iter().map(|shard| shard.port.unit().place() + 1).max().unwrap_or(0);
        let shown = (0..places).map(|_| AtomicU64::new(0)).collect();
        Manual { now: AtomicU64::new(0), shards, shown, turn: Mutex::new(()), clock: Mutex::new(()) }
    }

    /// Moves time to the next event and does what is due then. `None`: nothing comes by itself.
    pub fn step(&self) -> Option<Tick> {
        self.step_until(Tick::END, &self.turn.lock())
    }

    /// The same, if the event comes by `limit`; else moves time to there, if that is an instant.
    fn step_until(&self, limit: Tick, _: &Turn<'_>) -> Option<Tick> {
        loop {
            let clock = self.clock.lock();
            let ends = self.shards.iter().filter_map(|shard| Some((shard.next_end()?, shard)));
            let next = ends.min_by_key(|(at, shard)| (*at, shard.port.unit().place()));
            let Some((at, shard)) = next.filter(|(at, _)| *at <= limit) else {
                if limit < Tick::END {
                    self.now.fetch_max(limit.0, Relaxed);
                }
                return None;
            };
            self.now.fetch_max(at.0, Relaxed);
            drop(clock);
            // One at a time, also where several end at the same instant: behind a fatal fault, say.
            let last = shard.port.completed() + 1;
            let bounds = Bounds { horizon: at, effort: Effort::Any, last };
            if shard.pump(bounds, &|_| {}) != Pumped::Busy {
                return Some(at);
            }
            // Somebody looks into the queue without doing its work; the next round waits for them.
        }
    }

    fn shown(&self, shard: &Shard) -> &AtomicU64 {
        &self.shown[shard.port.unit().place()]
    }
}

impl Driver for Manual {
    fn now(&self) -> Tick {
        Tick(self.now.load(Relaxed))
    }

    fn moment(&self) -> Moment<'_> {
        let still = self.clock.lock();
        Moment { at: self.now(), _still: Some(still) }
    }

    fn reach(&self, _: Tick) {} // stepping has moved the time already

    fn news(&self, shard: &Shard) -> u64 {
        self.shown(shard).load(Relaxed) + 1
    }

    fn observe(&self, shard: &Arc<Shard>, num: u64) -> u64 {
        self.shown(shard).fetch_max(num, Relaxed);
        num // nothing has completed whose end has not come
    }

    fn pass(&self, until: Tick) {
        while self.step_until(until, &self.turn.lock()).is_some() {}
    }

    fn wake(&self, _: &Arc<Shard>) {}

    fn released(&self, _: &Arc<Shard>) {}

    fn look(&self, shard: &Arc<Shard>, num: u64) {
        let turn = self.turn.lock();
        // Who had the turn before may have moved time to what we look for.
        if shard.port.completed() < num {
            self.step_until(Tick::END, &turn);
        }
    }

    fn listened(&self, _: &Arc<Shard>) {}

    fn wait(&self, shard: &Arc<Shard>, num: u64, limit: Limit) -> Waited {
        let until = match limit {
            Limit::Until(at) => at,
            Limit::None | Limit::Real(_) => Tick::END, // no real time passes
        };
        loop {
            let turn = self.turn.lock();
            if shard.port.completed() >= num {
                return Waited::Completed;
            }
            if shard.next_end().is_none() {
                return Waited::Stuck; // no other thread is waited for that might release it, or submit more
            }
            if self.step_until(until, &turn).is_none() {
                return Waited::TimedOut;
            }
        }
    }

    fn wait_for_outputs(&self, outputs: &Outputs, expected: u64, limit: Option<Nanos>) -> Counting {
        let until = limit.map(|limit| self.now() + limit);
        loop {
            let turn = self.turn.lock();
            if let Some(counting) = outputs.counting(expected) {
                return counting;
            }
            if limit == Some(Nanos(0)) {
                // Not a wait but a look, as those at a request.
                self.step_until(Tick::END, &turn);
                return outputs.counting(expected).unwrap_or(Counting::TimedOut);
            }
            if self.step_until(until.unwrap_or(Tick::END), &turn).is_none() {
                return if until.is_some() { Counting::TimedOut } else { Counting::Stuck };
            }
        }
    }

    fn stop(&self) {}
}
