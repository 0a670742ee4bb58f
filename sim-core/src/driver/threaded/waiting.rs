//! Threads of the program that wait for a request, and do its work meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_utils::sync::{Parker, Unparker};

use super::super::{Limit, Waited};
use super::{Clock, Crew, LOOK_MAX};
use crate::memory::tensor::{Counting, Outputs};
use crate::port::{Listening, Signal};
use crate::shard::{Effort, Pumped, Shard};
use crate::time::Nanos;

/// How often a blocking call looks whether a fault holds its request up, which nobody tells it.
const GLANCE: Duration = Duration::from_millis(5);
/// The same where there has been no rule: one may come.
const RARE_GLANCE: Duration = Duration::from_millis(100);

impl Crew {
    /// Waits until request `num` of `shard` has completed: [`super::super::Driver::wait`].
    pub(super) fn wait(self: &Arc<Crew>, shard: &Arc<Shard>, num: u64, limit: Limit) -> Waited {
        let deadline = match limit {
            Limit::None => None,
            Limit::Real(limit) => Instant::now().checked_add(limit),
            Limit::Until(at) => self.instant(at),
        };
        let parker = Parker::new();
        let (mut wish, mut held_since) = (None, None);
        let waited = loop {
            let pumped = self.pump(shard, Effort::Any, num);
            if shard.port.completed() >= num {
                break Waited::Completed;
            }
            if pumped == Pumped::Held {
                let since = *held_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= self.patience() {
                    break Waited::Stuck;
                }
            }
            if wish.is_none() {
                let told = Box::new(Wakes(parker.unparker().clone()));
                match shard.port.listen(num, told, &|_| {}) {
                    Listening::Signalled => break Waited::Completed,
                    Listening::Pending(key) => wish = Some(key),
                }
                continue; // whoever was busy may have stopped before it could see the wish
            }
            let due = if let Pumped::Until(at) = pumped { self.instant(at) } else { None };
            // Another thread may come upon a request that is held up.
            let glance = Instant::now() + if shard.can_be_held() { GLANCE } else { RARE_GLANCE };
            let at = due.into_iter().chain(deadline).fold(glance, Instant::min);
            parker.park_deadline(at);
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                let completed = shard.port.completed() >= num;
                break if completed { Waited::Completed } else { Waited::TimedOut };
            }
        };
        if let Some(key) = wish {
            shard.port.forget(key);
        }
        waited
    }

    /// How long the runtime waits, on the real clock, for what does not end by itself.
    fn patience(&self) -> Duration {
        match self.clock {
            Clock::Free(_) => Duration::ZERO,
            Clock::Wall { scale, .. } => self.limit.scaled(scale).unwrap_or(Duration::MAX),
        }
    }

    /// Waits until `outputs` counts `expected` runs: [`super::super::Driver::wait_for_outputs`].
    ///
    /// Which queue writes them nobody can say, so it helps all that have work, as who listens does.
    pub(super) fn wait_for_outputs(
        self: &Arc<Crew>,
        outputs: &Outputs,
        expected: u64,
        limit: Option<Nanos>,
    ) -> Counting {
        for shard in self.order.shards() {
            if outputs.counting(expected).is_some() {
                break;
            }
            let last = shard.port.completed().saturating_add(LOOK_MAX);
            let has_work = || shard.port.completed() < shard.port.issued_hint();
            if has_work() && matches!(self.pump(shard, Effort::Light, last), Pumped::Heavy) {
                self.list(shard, true);
            }
        }
        outputs.wait(
            expected,
            limit.and_then(|limit| match self.clock {
                Clock::Free(_) => limit.scaled(1.0),
                Clock::Wall { scale, .. } => limit.scaled(scale),
            }),
        )
    }
}

/// Wakes a thread that waits for a completion.
struct Wakes(Unparker);

impl Signal for Wakes {
    fn signal(&self) {
        self.0.unpark();
    }

    fn is_event(&self) -> bool {
        false
    }
}
