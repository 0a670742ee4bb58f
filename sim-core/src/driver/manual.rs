//! The driver without threads: time moves when the program looks, waits or steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::{Driver, Waited};
use crate::shard::{Bounds, Effort, Shard};
use crate::time::Tick;

/// Pumps on the calling thread, one completion at a time, in the order of simulated time.
///
/// Requests that end at the same instant complete in the order of their units: a total order.
pub struct Manual {
    now: AtomicU64,
    shards: Vec<Arc<Shard>>,
}

impl Manual {
    /// A driver of all of `shards`, at the beginning of time.
    pub fn new(shards: Vec<Arc<Shard>>) -> Manual {
        Manual { now: AtomicU64::new(0), shards }
    }

    /// Moves time to the next end of a request and completes what ends then. `None`: nothing is left.
    pub fn step(&self) -> Option<Tick> {
        let ends = self.shards.iter().filter_map(|shard| Some((shard.next_end()?, shard)));
        let (at, shard) = ends.min_by_key(|(at, shard)| (*at, shard.port.unit().place()))?;
        self.now.fetch_max(at.0, Relaxed);
        shard.pump(Bounds { horizon: at, effort: Effort::Any, last: u64::MAX }, &|_| {});
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
        while self.shards.iter().filter_map(|shard| shard.next_end()).any(|end| end <= until) {
            self.step();
        }
        self.now.fetch_max(until.0, Relaxed);
    }

    fn wake(&self, _: &Arc<Shard>) {}

    fn look(&self, _: &Arc<Shard>, _: u64) {
        self.step();
    }

    fn listened(&self, _: &Arc<Shard>) {}

    fn wait(&self, shard: &Arc<Shard>, num: u64, _: Option<Duration>) -> Waited {
        while shard.port.completed() < num {
            if self.step().is_none() {
                return Waited::Stuck;
            }
        }
        Waited::Completed
    }

    fn stop(&self) {}
}
