//! Drivers: who pumps the shards, and what time it is.

pub mod manual;
mod order;
pub mod threaded;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::MutexGuard;

use crate::memory::tensor::{Counting, Outputs};
use crate::shard::Shard;
use crate::time::{Nanos, Tick};

/// Moves time and requests on. One exists for each device.
pub trait Driver: Send + Sync {
    /// The simulated instant.
    fn now(&self) -> Tick;

    /// The simulated instant of a submission that happens before the answer is dropped.
    fn moment(&self) -> Moment<'_>;

    /// The program has seen something that happened at `at`: what it does next is later.
    fn reach(&self, at: Tick);

    /// From which number on the last completed one of `shard` is news: a program that asks for it and would be told
    /// less than that looks for more first.
    fn news(&self, shard: &Shard) -> u64;

    /// How far the program may see: the last number up to `num`, which has completed, whose end has come. Moves
    /// time on if that is not `num`, or it ends later than what the program has seen.
    fn observe(&self, shard: &Arc<Shard>, num: u64) -> u64;

    /// Keeps the program busy until the instant `until`, as a call that blocks does.
    fn pass(&self, until: Tick);

    /// `shard` has a new request, or somebody who waits to be told of one.
    fn wake(&self, shard: &Arc<Shard>);

    /// The program looked at `shard` for request `num` and found it not completed. Never blocks or takes
    /// long.
    fn look(&self, shard: &Arc<Shard>, num: u64);

    /// Somebody wants to be told of a completion of `shard`, and will wait where we cannot see it.
    fn listened(&self, shard: &Arc<Shard>);

    /// `shard` was released from outside: what has waited there goes on.
    fn released(&self, shard: &Arc<Shard>);

    /// Waits until request `num` of `shard` has completed, at most for `limit`.
    fn wait(&self, shard: &Arc<Shard>, num: u64, limit: Limit) -> Waited;

    /// Waits until `outputs` counts `expected` runs, at most for `limit` if there is one. So much time has passed when
    /// that is over. Who waits for none only looks.
    ///
    /// A program that does nothing has no simulated time in free-running time, so there the limit is real.
    fn wait_for_outputs(&self, outputs: &Outputs, expected: u64, limit: Option<Nanos>) -> Counting;

    /// Ends all threads. Every queue is empty and closed by then.
    fn stop(&self);
}

/// An instant that lasts until this is dropped, where time moves only with the program's calls.
pub struct Moment<'a> {
    /// The instant.
    pub at: Tick,
    _still: Option<MutexGuard<'a, ()>>,
}

/// How long somebody waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// As long as it takes.
    None,
    /// So long on the real clock, which plays no part in manual time.
    Real(Duration),
    /// Until this instant of simulated time, which nobody has to wait for in free-running time.
    Until(Tick),
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waited {
    /// The request has completed.
    Completed,
    /// The limit has passed.
    TimedOut,
    /// The request does not complete by itself: nothing is left to do, or a fault holds it up.
    Stuck,
}
