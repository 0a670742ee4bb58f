//! What several threads saw of one queue, and whether a legal order explains it.
//!
//! Each operation took effect at one instant between its begin and its end. Between operations the queue completes
//! requests by itself, in the order of their numbers. A history is legal if instants can be chosen such that a queue
//! that does one thing at a time would have given the same answers.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What an operation was, and what it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A submission that got this number.
    Accepted(u64),
    /// A submission that was refused because the queue was full.
    Full,
    /// A look at the last number that has completed.
    Last(u64),
    /// A question whether this number has completed, and the answer.
    Completed(u64, bool),
}

/// One operation. Instants are of a clock that all threads share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Before it was called.
    pub begin: u64,
    /// After it had returned.
    pub end: u64,
    /// What came of it.
    pub seen: Seen,
}

/// What threads saw of one queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The last number that had completed before, with nothing in flight.
    pub before: u64,
    /// How many requests the queue takes, the running one counted; `None` to let it refuse and accept any.
    pub capacity: Option<u64>,
    /// All operations, in any order. All submissions have to be among them.
    pub operations: Vec<Operation>,
}

/// No order explains a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Up to the end of this operation there is one before it, and none with it.
    pub at: usize,
    /// What it saw.
    pub seen: Seen,
}

/// A queue as a legal order has left it. It has completed no more than the answers demand: what it may do, it may
/// do later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Queue {
    submitted: u64,
    completed: u64,
}

/// The operations that have taken effect and not ended.
type Effective = BTreeSet<usize>;

impl History {
    /// Looks for a legal order.
    ///
    /// # Errors
    /// Where it has to stop.
    pub fn check(&self) -> Result<(), Broken> {
        let start = Queue { submitted: self.before, completed: self.before };
        let mut orders = BTreeMap::from([(Effective::new(), start)]);
        let mut open = BTreeSet::new();
        for (is_end, index) in self.instants() {
            if !is_end {
                open.insert(index);
                continue;
            }
            let explained = self.extend(orders, &open);
            orders = BTreeMap::new();
            for (mut effective, queue) in explained {
                if effective.remove(&index) {
                    keep(&mut orders, effective, queue);
                }
            }
            open.remove(&index);
            if orders.is_empty() {
                return Err(Broken { at: index, seen: self.operations[index].seen });
            }
        }
        Ok(())
    }

    /// Begins and ends, in order. Where a begin and an end are at one instant, the two overlap.
    fn instants(&self) -> Vec<(bool, usize)> {
        let mut instants: Vec<(u64, bool, usize)> = Vec::new();
        for (index, operation) in self.operations.iter().enumerate() {
            instants.push((operation.begin, false, index));
            instants.push((operation.end, true, index));
        }
        instants.sort_unstable();
        instants.into_iter().map(|(_, is_end, index)| (is_end, index)).collect()
    }

    /// Lets open operations take effect, in all orders.
    fn extend(
        &self,
        orders: BTreeMap<Effective, Queue>,
        open: &BTreeSet<usize>,
    ) -> BTreeMap<Effective, Queue> {
        let mut explained = BTreeMap::new();
        let mut fresh = orders;
        while let Some((effective, queue)) = fresh.pop_first() {
            if !keep(&mut explained, effective.clone(), queue) {
                continue;
            }
            for index in open.difference(&effective) {
                if let Some(next) = queue.after(self.operations[*index].seen, self.capacity) {
                    let mut effective = effective.clone();
                    effective.insert(*index);
                    keep(&mut fresh, effective, next);
                }
            }
        }
        explained
    }
}

/// Remembers an order, unless one with the same effects is there: it has completed as much, since each effect asks for
/// so many completions at least, and the most that one of them asks for is what counts.
fn keep(orders: &mut BTreeMap<Effective, Queue>, effective: Effective, queue: Queue) -> bool {
    let is_new = !orders.contains_key(&effective);
    if is_new {
        orders.insert(effective, queue);
    }
    is_new
}

impl Queue {
    /// The queue after an operation with this answer, with as few completions before it as that takes; `None` if it
    /// cannot answer so now.
    fn after(self, seen: Seen, capacity: Option<u64>) -> Option<Queue> {
        let Queue { submitted, completed } = self;
        match seen {
            Seen::Accepted(number) => {
                let ended = capacity.map_or(0, |capacity| number.saturating_sub(capacity));
                let fits = number == submitted + 1 && ended <= submitted;
                fits.then(|| Queue { submitted: number, completed: completed.max(ended) })
            }
            Seen::Full => {
                let is_full = capacity.is_none_or(|capacity| submitted - completed >= capacity);
                is_full.then_some(self)
            }
            Seen::Last(number) => {
                let fits = (completed..=submitted).contains(&number);
                fits.then_some(Queue { submitted, completed: number })
            }
            Seen::Completed(number, true) => {
                (number <= submitted).then(|| Queue { submitted, completed: completed.max(number) })
            }
            Seen::Completed(number, false) => (completed < number).then_some(self),
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.seen {
            Seen::Accepted(number) => format!("a submission that got number {number}"),
            Seen::Full => "a submission that found the queue full".to_owned(),
            Seen::Last(number) => format!("a look that found {number} to be the last that had completed"),
            Seen::Completed(number, true) => format!("a look that found {number} to have completed"),
            Seen::Completed(number, false) => format!("a look that found {number} not to have completed"),
        };
        write!(f, "no order of what the threads saw explains {what} (operation {})", self.at)
    }
}
