//! A device under control while it runs: queues paused, stepped, healed and looked at; time moved on.

use std::sync::Arc;
use std::time::Duration;

use crate::device::Device;
use crate::driver::Waited;
use crate::seq::UnitId;
use crate::shard::{Obstacle, Shard, State};
use crate::time::{Nanos, Tick};

/// How often somebody who waits looks whether the queue was paused meanwhile, which nobody tells him.
const GLANCE: Duration = Duration::from_millis(5);

/// What came of letting some requests of a paused queue complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    /// How many have completed since.
    pub completed: u64,
    /// Whether those are all that were let through.
    pub waited: Waited,
}

impl Device {
    /// All queues, in the order of their ids.
    pub fn units(&self) -> impl Iterator<Item = UnitId> {
        self.shards().iter().map(|shard| shard.port.unit())
    }

    /// Lets no further request of `unit` complete until [`Device::resume`]. What is submitted is accepted as long as
    /// there is room.
    pub fn pause(&self, unit: UnitId) {
        self.shard(unit).pause();
    }

    /// Ends a pause.
    pub fn resume(&self, unit: UnitId) {
        let shard = self.shard(unit);
        let moment = self.driver().moment();
        shard.resume(moment.at);
        drop(moment);
        self.driver().released(shard);
    }

    /// Lets the next `count` requests of `unit`, which is paused, complete, and waits for them. Returns how many there
    /// were; `None` if it is not paused.
    pub fn step_queue(&self, unit: UnitId, count: u64) -> Option<u64> {
        Some(self.step_queue_within(unit, count, Duration::MAX)?.completed)
    }

    /// The same, but waits for about `limit` of real time at most; also for those that were let through before.
    pub fn step_queue_within(&self, unit: UnitId, count: u64, limit: Duration) -> Option<Stepped> {
        let shard = self.shard(unit);
        let before = shard.port.completed();
        let moment = self.driver().moment();
        let last = shard.let_through(count, moment.at);
        drop(moment);
        let last = last?;
        let waited = self.wait_running(shard, last, &mut limit.clone());
        Some(Stepped { completed: shard.port.completed().saturating_sub(before), waited })
    }

    /// Undoes what faults have done to `unit`: a dead unit lives, and what is held up goes on.
    ///
    /// Requests that were queued behind a fatal one are answered as they would have been; numbers go on.
    pub fn heal(&self, unit: UnitId) {
        let shard = self.shard(unit);
        let moment = self.driver().moment();
        shard.heal(moment.at);
        drop(moment);
        self.driver().released(shard);
    }

    /// Keeps the program busy for `span` of simulated time.
    pub fn advance(&self, span: Nanos) -> Tick {
        self.driver().pass(self.now() + span);
        self.now()
    }

    /// Waits until everything that has been accepted by now has completed, and returns whether it has: not what is
    /// paused, or held up by a fault.
    pub fn wait_idle(&self) -> bool {
        self.wait_idle_within(Duration::MAX) == Waited::Completed
    }

    /// The same, but waits for about `limit` of real time at most. If something is paused or held up, it is
    /// [`Waited::Stuck`].
    pub fn wait_idle_within(&self, limit: Duration) -> Waited {
        let accepted: Vec<_> = self.shards().iter().map(|shard| (shard, shard.port.issued())).collect();
        let (mut left, mut outcome) = (limit, Waited::Completed);
        for (shard, last) in accepted {
            match self.wait_running(shard, last, &mut left) {
                Waited::Completed => {}
                Waited::Stuck => outcome = Waited::Stuck,
                Waited::TimedOut => return Waited::TimedOut,
            }
        }
        outcome
    }

    /// Waits for request `last` of `shard` while it gets on: neither paused before that request nor held up by a fault.
    /// What is waited is taken from `left`.
    fn wait_running(&self, shard: &Arc<Shard>, last: u64, left: &mut Duration) -> Waited {
        loop {
            if shard.obstacle().is_some_and(|obstacle| obstacle.num <= last) {
                return Waited::Stuck;
            }
            let slice = GLANCE.min(*left);
            match self.wait(shard.port.unit(), last, Some(slice)) {
                Waited::TimedOut if *left > slice => *left -= slice,
                waited => return waited,
            }
        }
    }

    /// What keeps `unit` from getting on by itself, as far as is known without waiting for a kernel.
    pub fn obstacle(&self, unit: UnitId) -> Option<Obstacle> {
        self.shard(unit).obstacle()
    }

    /// The same for all queues.
    pub fn obstacles(&self) -> Vec<Obstacle> {
        self.shards().iter().filter_map(|shard| shard.obstacle()).collect()
    }

    /// What `unit` does just now.
    pub fn queue_state(&self, unit: UnitId) -> State {
        self.shard(unit).state()
    }
}
