//! Tensors: named views of storages, and the counter of completed outputs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::storage::{Span, Storage};
use crate::time::Tick;

/// A named view of some bytes. Empty until a buffer is attached, if it was made so.
#[derive(Debug)]
pub struct Tensor {
    id: u64,
    name: Box<str>,
    view: Mutex<Option<Span>>,
    outputs: Arc<Outputs>,
}

impl Tensor {
    /// A tensor over `span`, or an empty one.
    pub fn new(name: &str, span: Option<Span>) -> Tensor {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let id = MADE.fetch_add(1, Relaxed) + 1; // only its being unique matters
        Tensor { id, name: name.into(), view: Mutex::new(span), outputs: Arc::default() }
    }

    /// A number that no other tensor of the process has, from 1.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Its name, for logs and traces only.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its bytes, or `None` while it is empty.
    pub fn span(&self) -> Option<Span> {
        self.view.lock().clone()
    }

    /// Makes it a view of `storage` and starts its counter anew (header).
    pub fn attach(&self, storage: Storage) {
        // The old span is dropped outside the lock: it may be the last of its storage.
        let old = self.view.lock().replace(Span::whole(Arc::new(storage)));
        drop(old);
        self.outputs.reset();
    }

    /// Counts the runs that have written this tensor.
    pub fn outputs(&self) -> &Arc<Outputs> {
        &self.outputs
    }
}

/// How many runs have written a tensor since the counter was last reset.
#[derive(Debug, Default)]
pub struct Outputs {
    state: Mutex<Counted>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Counted {
    runs: u64,
    ended: bool,
    /// When the latest of them ended, each in the place that its number names.
    ends: Vec<Tick>,
}

/// Of how many runs is known when they ended; more than a compute queue holds.
const REMEMBERED: usize = 64;

/// The place for the end of the `count`th run.
fn remembered(count: u64) -> usize {
    usize::try_from((count - 1) % REMEMBERED as u64).expect("below 64")
}

/// How a wait for outputs ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// So many runs have written the tensor.
    Reached,
    /// The limit has passed.
    TimedOut,
    /// The tensor is no more, so nobody will count.
    Ended,
    /// Nothing is left to do that could be counted.
    Stuck,
}

impl Counted {
    fn counting(&self, expected: u64) -> Option<Counting> {
        match *self {
            Counted { runs, .. } if runs >= expected => Some(Counting::Reached),
            Counted { ended: true, .. } => Some(Counting::Ended),
            Counted { .. } => None,
        }
    }
}

impl Outputs {
    /// One more run has written the tensor, which ended at `at`.
    pub(crate) fn bump(&self, at: Tick) {
        let mut state = self.state.lock();
        state.runs += 1;
        let place = remembered(state.runs);
        match state.ends.get_mut(place) {
            Some(oldest) => *oldest = at,
            None => state.ends.push(at),
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Starts again at 0.
    pub fn reset(&self) {
        let mut state = self.state.lock();
        state.runs = 0;
        state.ends.clear();
    }

    /// The tensor is freed or its device closed: whoever waits is sent away.
    pub fn end(&self) {
        self.state.lock().ended = true;
        self.changed.notify_all();
    }

    /// How a wait for `expected` runs ends at once; `None`: it does not.
    pub fn counting(&self, expected: u64) -> Option<Counting> {
        self.state.lock().counting(expected)
    }

    /// When the run ended with which the count became `expected`, if it is among the latest.
    pub(crate) fn reached_at(&self, expected: u64) -> Option<Tick> {
        let state = self.state.lock();
        let since = state.runs.checked_sub(expected)?;
        (expected > 0 && since < REMEMBERED as u64).then(|| state.ends[remembered(expected)])
    }

    /// Waits until the count is at least `expected`, at most for `limit` of real time if there is one.
    pub(crate) fn wait(&self, expected: u64, limit: Option<Duration>) -> Counting {
        let mut state = self.state.lock();
        let goes_on = |state: &mut Counted| state.counting(expected).is_none();
        match limit.and_then(|limit| wall_now().checked_add(limit)) {
            None => self.changed.wait_while(&mut state, goes_on),
            Some(deadline) => {
                self.changed.wait_while_until(&mut state, goes_on, deadline);
            }
        }
        state.counting(expected).unwrap_or(Counting::TimedOut)
    }
}

#[expect(clippy::disallowed_methods, reason = "the limit is the program's patience, not simulated time")]
fn wall_now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::storage::{Span, Storage};
    use super::{Counting, REMEMBERED, Tensor};
    use crate::time::Tick;

    #[test]
    fn attaching_replaces_the_view_and_resets_the_counter() {
        let host = || Storage::on_host(64).expect("small");
        let tensor = Tensor::new("t", Some(Span::whole(Arc::new(host()))));
        let before = tensor.span().expect("not empty");
        tensor.outputs().bump(Tick(7));
        assert_eq!(tensor.outputs().reached_at(1), Some(Tick(7)));
        tensor.attach(host());
        let after = tensor.span().expect("not empty");
        assert_ne!(before.extent().address(), after.extent().address());
        assert_eq!(tensor.outputs().wait(1, Some(Duration::ZERO)), Counting::TimedOut);
        tensor.outputs().end();
        assert_eq!(tensor.outputs().wait(1, None), Counting::Ended);
    }

    #[test]
    fn it_is_known_when_each_of_the_latest_runs_ended() {
        let tensor = Tensor::new("t", None);
        let outputs = tensor.outputs();
        assert_eq!((outputs.counting(0), outputs.reached_at(0)), (Some(Counting::Reached), None));
        let runs = REMEMBERED as u64 + 3;
        (1..=runs).for_each(|at| outputs.bump(Tick(at)));
        let known = (0..=runs + 1).filter(|count| outputs.reached_at(*count) == Some(Tick(*count)));
        assert_eq!(known.collect::<Vec<_>>(), (4..=runs).collect::<Vec<_>>());
        assert_eq!(outputs.counting(runs + 1), None);
    }
}
