//! Where the program's threads meet a queue: submitting, observing, and being told.
//!
//! The order of a completion is the contract: the data is there, then the status is written, then the
//! number is published, then events are signalled. [`Port::complete`] is the only place that does the
//! last three, so no path can differ.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crossbeam_utils::CachePadded;

use crate::ledger::Ledger;
use crate::request::Request;
use crate::seq::{Seq, UnitId};
use crate::status::Status;
use crate::sync::{AtomicBool, AtomicU64, HintU64, Mutex};
use crate::time::Tick;

/// The program's side of one queue. All methods may be called from any thread.
pub struct Port {
    unit: UnitId,
    depth: u64,
    intake: Mutex<Intake>,
    /// The same as in the intake, to be looked at without the lock.
    issued: HintU64,
    completed: CachePadded<AtomicU64>,
    /// When the latest requests ended, each in the place that its number names.
    ends: [HintU64; REMEMBERED],
    dead: AtomicBool,
    listened: AtomicBool,
    listeners: Mutex<Listeners>,
    ledger: Arc<Ledger>,
}

#[derive(Default)]
struct Intake {
    issued: u64,
    closed: bool,
    waiting: VecDeque<Queued>,
}

/// A request that was accepted.
pub struct Queued {
    pub(crate) num: u64,
    pub(crate) submitted: Tick,
    pub(crate) request: Request,
}

#[derive(Default)]
struct Listeners {
    each: Option<Box<dyn Signal>>,
    once: Vec<(u64, u64, Box<dyn Signal>)>,
    next_key: u64,
}

/// The key of wishes that their number alone names; [`Port::listen`] gives out keys above it.
const BY_NUMBER: u64 = 0;

/// Of how many completed requests a port knows when they ended; more than a compute queue holds.
pub(crate) const REMEMBERED: usize = 64;

/// The place for the end of request `num`.
fn remembered(num: u64) -> usize {
    usize::try_from(num % REMEMBERED as u64).expect("below 64")
}

/// Somebody who is told of completions.
pub trait Signal: Send {
    /// A completion that was asked for has been published. Called with the port's listeners locked.
    fn signal(&self);
}

/// A request that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted {
    /// Its number.
    pub num: u64,
    /// When it counts as submitted.
    pub submitted: Tick,
}

/// Why a submission was not accepted. Nothing has changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// A fatal status has ended the unit.
    #[error("the execution unit is in a fatal state; the runtime must be initialised anew")]
    Dead,
    /// As many requests as the queue takes are not completed yet.
    #[error("{depth} requests are queued, as many as the queue takes; wait for one to complete")]
    Full {
        /// How many that is.
        depth: u64,
    },
    /// The device is being closed.
    #[error("the device is being closed")]
    Closed,
}

/// What became of a wish to be told of one completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listening {
    /// It has completed already, and the signal was given.
    Signalled,
    /// The signal will be given; the key takes the wish back.
    Pending(u64),
}

impl Port {
    /// The port of `unit`, which takes `depth` requests at a time.
    pub fn new(unit: UnitId, depth: u64, ledger: Arc<Ledger>) -> Port {
        Port {
            unit,
            depth,
            intake: Mutex::new(Intake::default()),
            issued: HintU64::new(0),
            completed: CachePadded::new(AtomicU64::new(0)),
            ends: std::array::from_fn(|_| HintU64::new(0)),
            dead: AtomicBool::new(false),
            listened: AtomicBool::new(false),
            listeners: Mutex::new(Listeners::default()),
            ledger,
        }
    }

    /// The queue it belongs to.
    pub fn unit(&self) -> UnitId {
        self.unit
    }

    /// Accepts `request`, submitted at the instant `now` or when its place in the queue became free, if that
    /// was later: a program that gets a place knows that the request before has ended.
    ///
    /// # Errors
    /// Dead before full before closed (observed). The request comes back, and nothing has changed.
    pub fn submit(&self, request: Request, now: Tick) -> Result<Accepted, (SubmitError, Request)> {
        if self.dead.load(Relaxed) {
            // Relaxed: a submission that comes too early for the news is answered by the dead unit.
            return Err((SubmitError::Dead, request));
        }
        let mut intake = self.intake.lock();
        // Acquire pairs with `complete`: a free slot means that the completion can be seen.
        let queued = intake.issued - self.completed.load(Acquire);
        if queued >= self.depth {
            return Err((SubmitError::Full { depth: self.depth }, request));
        }
        if intake.closed {
            return Err((SubmitError::Closed, request));
        }
        intake.issued += 1;
        let num = intake.issued;
        let freed = num.checked_sub(self.depth).and_then(|left| self.ended(left));
        let submitted = freed.unwrap_or(Tick::ZERO).max(now);
        intake.waiting.push_back(Queued { num, submitted, request });
        self.issued.store(num, Relaxed); // a hint; the lock orders what it hints at
        self.ledger.queue(self.unit).accept(num, queued + 1);
        Ok(Accepted { num, submitted })
    }

    /// Refuses all further submissions.
    pub(crate) fn close(&self) {
        self.intake.lock().closed = true;
    }

    /// The number of the last accepted request; 0 if there was none.
    pub fn issued(&self) -> u64 {
        self.intake.lock().issued
    }

    /// The number of the last accepted request, or of one shortly before.
    pub(crate) fn issued_hint(&self) -> u64 {
        self.issued.load(Relaxed)
    }

    /// Moves all waiting requests to `taken`, which must be empty, and says whether there were any.
    ///
    /// Only the owner of the unit takes.
    pub(crate) fn take(&self, taken: &mut VecDeque<Queued>) -> bool {
        std::mem::swap(&mut self.intake.lock().waiting, taken);
        !taken.is_empty()
    }

    /// Whether a request waits to be taken.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.intake.lock().waiting.is_empty()
    }

    /// Publishes the completion of request `num` at the instant `at`: status, number, events.
    ///
    /// Only the owner of the unit completes, in the order of the numbers. Whoever is told counts as having
    /// seen that it is `at`, so `reach` is called with that before the first of them is.
    pub(crate) fn complete(
        &self,
        num: u64,
        answer: crate::request::Answer,
        status: Status,
        at: Tick,
        reach: &dyn Fn(Tick),
    ) {
        if status.is_fatal() {
            self.dead.store(true, Relaxed);
        }
        self.ledger.queue(self.unit).complete(status, at);
        answer.give(Seq::new(self.unit, num), status);
        self.ends[remembered(num)].store(at.0, Release); // after the completion before; see `ended`
        let mut listeners = self.listeners.lock();
        // Release pairs with every Acquire of `completed`: whoever sees the number sees status and data.
        // It is stored under the lock, so that `listen` either sees it or is seen here.
        self.completed.store(num, Release);
        if listeners.each.is_some() || listeners.once.iter().any(|(wanted, ..)| *wanted <= num) {
            reach(at);
        }
        if let Some(each) = &listeners.each {
            each.signal();
        }
        if !listeners.once.is_empty() {
            listeners.once.retain(|(wanted, _, signal)| {
                let due = *wanted <= num;
                if due {
                    signal.signal();
                }
                !due
            });
            self.note_listeners(&listeners);
        }
    }

    /// The number of the last completed request; 0 if there was none.
    pub fn completed(&self) -> u64 {
        self.completed.load(Acquire) // pairs with the Release in `complete`
    }

    /// When request `num` ended, if it has completed and is among the latest.
    pub fn ended(&self, num: u64) -> Option<Tick> {
        let is_remembered = |completed: u64| (num..num + REMEMBERED as u64).contains(&completed);
        // Acquire pairs with the Release in `complete`: the end of what has completed is there.
        if num == 0 || !is_remembered(self.completed.load(Acquire)) {
            return None;
        }
        let ended = Tick(self.ends[remembered(num)].load(Acquire));
        // If its place has been taken meanwhile, the request before the one that took it can be seen to have
        // completed.
        (self.completed.load(Acquire) + 1 < num + REMEMBERED as u64).then_some(ended)
    }

    /// Whether a fatal status has ended the unit.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Relaxed)
    }

    /// Whether anyone waits to be told, and so may be asleep.
    pub(crate) fn is_listened(&self) -> bool {
        self.listened.load(Relaxed) // only a hint: whoever registers asks for a wake afterwards
    }

    /// Tells `signal` once when request `num` has completed; at once if it has, after calling `reach` with its
    /// end: see [`Port::complete`].
    pub fn listen(&self, num: u64, signal: Box<dyn Signal>, reach: &dyn Fn(Tick)) -> Listening {
        let mut listeners = self.listeners.lock();
        if self.completed.load(Acquire) >= num {
            self.ended(num).into_iter().for_each(reach);
            signal.signal();
            return Listening::Signalled;
        }
        listeners.next_key += 1;
        let key = listeners.next_key;
        listeners.once.push((num, key, signal));
        self.note_listeners(&listeners);
        Listening::Pending(key)
    }

    /// Tells `signal` once when request `num` has completed, in place of whoever was named here for that
    /// number before; `None`: nobody. At once if it has completed, after calling `reach` with its end.
    ///
    /// When this returns, the one before is not told any more.
    pub fn listen_by_number(&self, num: u64, signal: Option<Box<dyn Signal>>, reach: &dyn Fn(Tick)) {
        let mut listeners = self.listeners.lock();
        listeners.once.retain(|&(other, key, _)| (other, key) != (num, BY_NUMBER));
        match signal {
            Some(signal) if self.completed.load(Acquire) >= num => {
                self.ended(num).into_iter().for_each(reach);
                signal.signal();
            }
            Some(signal) => listeners.once.push((num, BY_NUMBER, signal)),
            None => {}
        }
        self.note_listeners(&listeners);
    }

    /// Takes back one wish of [`Port::listen`]. When this returns, its signal is not given any more.
    pub fn forget(&self, key: u64) {
        let mut listeners = self.listeners.lock();
        listeners.once.retain(|&(_, other, _)| other != key);
        self.note_listeners(&listeners);
    }

    /// Tells `signal` of each completion from now on, in place of whoever was told before; `None`: nobody.
    ///
    /// When this returns, the one before is not told any more.
    pub fn listen_to_each(&self, signal: Option<Box<dyn Signal>>) {
        let mut listeners = self.listeners.lock();
        listeners.each = signal;
        self.note_listeners(&listeners);
    }

    fn note_listeners(&self, listeners: &Listeners) {
        self.listened.store(listeners.each.is_some() || !listeners.once.is_empty(), Relaxed);
    }
}
