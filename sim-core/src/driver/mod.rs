//! Drivers: who pumps the shards, and what time it is.

pub mod manual;
mod order;
pub mod threaded;

use std::sync::Arc;
use std::time::Duration;

use crate::shard::Shard;
use crate::time::{Nanos, Tick};

/// Moves time and requests on. One exists for each device.
pub trait Driver: Send + Sync {
    /// The simulated instant of a submission that happens now.
    fn now(&self) -> Tick;

    /// The program has seen something that happened at `at`: what it does next is later.
    fn reach(&self, at: Tick);

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

    /// How long `span` is for somebody who waits; `None` where real time plays no part.
    fn patience(&self, span: Nanos) -> Option<Duration>;

    /// `shard` was released from outside: what has waited there goes on.
    fn released(&self, shard: &Arc<Shard>);

    /// Waits until request `num` of `shard` has completed, at most for `limit` if there is one.
    fn wait(&self, shard: &Arc<Shard>, num: u64, limit: Option<Duration>) -> Waited;

    /// Ends all threads. Every queue is empty and closed by then.
    fn stop(&self);
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
