//! What keeps a queue from getting on by itself.

use std::fmt::{self, Display, Formatter};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::{Current, Shard};
use crate::fault::fate::Hold;
use crate::fault::{Strike, Verdict};
use crate::seq::UnitId;
use crate::time::Tick;

/// A request that does not complete by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Its queue.
    pub unit: UnitId,
    /// Its number.
    pub num: u64,
    /// Why that is so.
    pub cause: Cause,
    /// Since when, if a fault is why.
    pub since: Tick,
}

/// Why a request does not complete by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// The queue is paused.
    Paused,
    /// It does not begin; by the rule of this name.
    Stuck(Option<Arc<str>>),
    /// It is done, but its completion is not published.
    Unannounced(Option<Arc<str>>),
}

impl Display for Obstacle {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Obstacle { unit, num, cause, .. } = self;
        let (kind, queue, core) = (unit.kind.name(), unit.queue, unit.core);
        write!(f, "request {num} of {kind} queue {queue} on core {core} ")?;
        let (what, rule) = match cause {
            Cause::Paused => ("cannot complete, since the queue is paused", &None),
            Cause::Stuck(rule) => ("is stuck", rule),
            Cause::Unannounced(rule) => ("is done, but nobody is told", rule),
        };
        f.write_str(what)?;
        rule.iter().try_for_each(|rule| write!(f, ", by rule {rule:?} of the fault plan"))
    }
}

impl Shard {
    /// What keeps the next request from completing by itself, as far as is known; `None` if nothing does, there is no
    /// such request, or a thread is just at it.
    pub(crate) fn obstacle(&self) -> Option<Obstacle> {
        let owner = self.owner.try_lock()?;
        let (unit, num) = (self.port.unit(), self.port.completed() + 1);
        if num > self.port.issued() {
            return None;
        }
        if num > self.gate.load(Relaxed) {
            return Some(Obstacle { unit, num, cause: Cause::Paused, since: Tick::ZERO });
        }
        let current = owner.current.as_ref().filter(|current| current.is_held())?;
        let rule = current.holder().map(|strike| Arc::clone(&strike.armed.name));
        let (cause, since) = match current.running.course.hold {
            Some(Hold::After) => (Cause::Unannounced(rule), current.running.ends),
            Some(Hold::Before) | None => (Cause::Stuck(rule), current.running.begins),
        };
        Some(Obstacle { unit, num, cause, since })
    }
}

impl Current {
    /// The rule that holds it up.
    pub(super) fn holder(&self) -> Option<&Strike> {
        let strikes = self.fate.iter().flat_map(|fate| [&fate.start, &fate.finish]).flatten();
        let holds =
            |strike: &&Strike| matches!(strike.verdict(), Verdict::Stuck | Verdict::Never | Verdict::Hang(_));
        strikes.into_iter().find(holds)
    }
}
