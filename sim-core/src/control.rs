//! A device under control while it runs: queues paused, stepped, healed and looked at; time moved on.

use crate::device::Device;
use crate::driver::Waited;
use crate::seq::UnitId;
use crate::shard::{Obstacle, State};
use crate::time::{Nanos, Tick};

impl Device {
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
        let shard = self.shard(unit);
        let before = shard.port.completed();
        let moment = self.driver().moment();
        let last = shard.let_through(count, moment.at);
        drop(moment);
        let last = last?;
        self.wait(unit, last, None);
        Some(shard.port.completed().saturating_sub(before))
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
        let mut is_idle = true;
        for shard in self.shards() {
            let last = shard.port.issued();
            if shard.port.completed() < last {
                is_idle &=
                    !shard.is_paused() && self.wait(shard.port.unit(), last, None) == Waited::Completed;
            }
        }
        is_idle
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
