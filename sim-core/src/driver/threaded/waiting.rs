//! Threads of the program that wait for a request, and do its work meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_utils::sync::{Parker, Unparker};

use super::super::Waited;
use super::Crew;
use crate::port::{Listening, Signal};
use crate::shard::{Effort, Pumped, Shard};

/// How often a blocking call looks whether a fault holds its request up, which nobody tells it.
const GLANCE: Duration = Duration::from_millis(5);
/// The same where there has been no rule: one may come.
const RARE_GLANCE: Duration = Duration::from_millis(100);

impl Crew {
    /// Waits until request `num` of `shard` has completed: [`super::super::Driver::wait`].
    pub(super) fn wait(self: &Arc<Crew>, shard: &Arc<Shard>, num: u64, limit: Option<Duration>) -> Waited {
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        let parker = Parker::new();
        let (mut wish, mut held_since) = (None, None);
        let waited = loop {
            let pumped = self.pump(shard, Effort::Any, num);
            if shard.port.completed() >= num {
                break Waited::Completed;
            }
            if pumped == Pumped::Held {
                let since = *held_since.get_or_insert_with(Instant::now);
                let patience = self.patience(self.limit).unwrap_or_default();
                if since.elapsed() >= patience {
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
