//! The driver without threads: time moves when the program looks, waits or steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::{Driver, Waited};
use parking_lot::Mutex;

use crate::shard::{Bounds, Effort, Shard};
use crate::time::{Nanos, Tick};

/// Pumps on the calling thread, one completion at a time, in the order of simulated time.
///
/// Requests that end at the same instant complete in the order of their units: a total order.
pub struct Manual {
    now: AtomicU64,
    shards: Vec<Arc<Shard>>,
    /// Held by who moves time: threads that look at once move it one after the other.
    turn: Mutex<()>,
}

impl Manual {
    /// A driver of all of `shards`, at the beginning of time.
    pub fn new(shards: Vec<Arc<Shard>>) -> Manual {
        Manual { now: AtomicU64::new(0), shards, turn: Mutex::new(()) }
    }

    /// Moves time to the next event and does what is due then. `None`: nothing comes by itself.
    pub fn step(&self) -> Option<Tick> {
        self.step_until(Tick::END)
    }

    /// The same, if the event comes by `limit`.
    fn step_until(&self, limit: Tick) -> Option<Tick> {
        let _turn = self.turn.lock();
        let ends = self.shards.iter().filter_map(|shard| Some((shard.next_end()?, shard)));
        let (at, shard) = ends.min_by_key(|(at, shard)| (*at, shard.port.unit().place()))?;
        if at > limit {
            return None;
        }
        self.now.fetch_max(at.0, Relaxed);
        // One at a time, also where several end at the same instant: behind a fatal fault, say.
        let last = shard.port.completed() + 1;
        shard.pump(Bounds { horizon: at, effort: Effort::Any, last }, &|_| {});
        Some(at)
    }
}

impl Driver for Manual {
    fn now(&self) -> Tick {
        Tick(self.now.load(Relaxed))
    }

    fn reach(&self, _: Tick) {} // stepping has moved the time already

    fn observe(&self, _: &Arc<Shard>, num: u64) -> u64 {
        num // nothing has completed whose end has not come
    }

    fn pass(&self, until: Tick) {
        while self.step_until(until).is_some() {}
        self.now.fetch_max(until.0, Relaxed);
    }

    fn wake(&self, _: &Arc<Shard>) {}

    fn released(&self, _: &Arc<Shard>) {}

    fn patience(&self, _: Nanos) -> Option<Duration> {
        None
    }

    fn look(&self, _: &Arc<Shard>, _: u64) {
        self.step();
    }

    fn listened(&self, _: &Arc<Shard>) {}

    fn wait(&self, shard: &Arc<Shard>, num: u64, _: Option<Duration>) -> Waited {
        while shard.port.completed() < num {
            // Nothing is left, but another thread may have done the last of it since we looked.
            if self.step().is_none() && shard.port.completed() < num {
                return Waited::Stuck;
            }
        }
        Waited::Completed
    }

    fn stop(&self) {}
}
