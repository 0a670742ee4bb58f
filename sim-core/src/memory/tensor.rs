//! Tensors: named views of storages, and the counter of completed outputs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::storage::{Span, Storage};

/// A named view of some bytes. Empty until a buffer is attached, if it was made so.
#[derive(Debug)]
pub struct Tensor {
    name: Box<str>,
    view: Mutex<Option<Span>>,
    outputs: Arc<Outputs>,
}

impl Tensor {
    /// A tensor over `span`, or an empty one.
    pub fn new(name: &str, span: Option<Span>) -> Tensor {
        Tensor { name: name.into(), view: Mutex::new(span), outputs: Arc::default() }
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
}

impl Outputs {
    /// One more run has written the tensor.
    pub(crate) fn bump(&self) {
        self.state.lock().runs += 1;
        self.changed.notify_all();
    }

    /// Starts again at 0.
    pub fn reset(&self) {
        self.state.lock().runs = 0;
    }

    /// The tensor is freed or its device closed: whoever waits is sent away.
    pub fn end(&self) {
        self.state.lock().ended = true;
        self.changed.notify_all();
    }

    /// Waits until the count is at least `expected`, at most for `limit` if there is one.
    pub fn wait(&self, expected: u64, limit: Option<Duration>) -> Counting {
        let mut state = self.state.lock();
        let goes_on = |state: &mut Counted| state.runs < expected && !state.ended;
        match limit.and_then(|limit| wall_now().checked_add(limit)) {
            None => self.changed.wait_while(&mut state, goes_on),
            Some(deadline) => {
                self.changed.wait_while_until(&mut state, goes_on, deadline);
            }
        }
        match *state {
            Counted { runs, .. } if runs >= expected => Counting::Reached,
            Counted { ended: true, .. } => Counting::Ended,
            Counted { .. } => Counting::TimedOut,
        }
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
    use super::{Counting, Tensor};

    #[test]
    fn attaching_replaces_the_view_and_resets_the_counter() {
        let host = || Storage::on_host(64).expect("small");
        let tensor = Tensor::new("t", Some(Span::whole(Arc::new(host()))));
        let before = tensor.span().expect("not empty");
        tensor.outputs().bump();
        tensor.attach(host());
        let after = tensor.span().expect("not empty");
        assert_ne!(before.extent().address(), after.extent().address());
        assert_eq!(tensor.outputs().wait(1, Some(Duration::ZERO)), Counting::TimedOut);
        tensor.outputs().end();
        assert_eq!(tensor.outputs().wait(1, None), Counting::Ended);
    }
}
