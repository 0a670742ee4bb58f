//! Where the program's threads meet a queue: submitting, observing, and being told.
//!
//! The order of a completion is the contract: the data is there, then the status is written, then the
//! number is published, then events are signalled, then callbacks come. [`Port::complete`] is the only place that does
//! all but the first, so no path can differ.

mod listeners;
mod refusal;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crossbeam_utils::CachePadded;

use crate::fault::watch::{Site, Watch};
use crate::fault::{Faults, Side, Strike};
use crate::ledger::Ledger;
use crate::request::Request;
use crate::seq::{Seq, UnitId};
use crate::status::Status;
use crate::sync::{AtomicBool, AtomicU64, HintU64, Mutex};
use crate::time::Tick;

pub use listeners::{Listening, Signal, Spoilt};

use listeners::Listeners;

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
    /// When the first late signal is due; the end of time if there is none.
    ringing: HintU64,
    listeners: Mutex<Listeners>,
    ledger: Arc<Ledger>,
    faults: Arc<Faults>,
}

struct Intake {
    issued: u64,
    closed: bool,
    waiting: VecDeque<Queued>,
    watch: Watch,
    /// What the rules say of the request that would come next, once it was asked.
    asked: Option<Asked>,
}

/// A number that a request was to have.
struct Asked {
    num: u64,
    strike: Option<Strike>,
    /// How often it has been refused for that.
    refused: u64,
}

/// A request that was accepted.
pub struct Queued {
    pub(crate) num: u64,
    pub(crate) submitted: Tick,
    pub(crate) request: Request,
}

/// Of how many completed requests a port knows when they ended; more than a compute queue holds.
pub(crate) const REMEMBERED: usize = 64;

/// The place for the end of request `num`.
fn remembered(num: u64) -> usize {
    usize::try_from(num % REMEMBERED as u64).expect("below 64")
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
    /// A rule of a fault plan says so.
    #[error("refused with {} by a fault of the plan", .0.name())]
    Fault(Status),
}

impl Port {
    /// The port of `unit`, which takes `depth` requests at a time.
    pub fn new(unit: UnitId, depth: u64, ledger: Arc<Ledger>, faults: Arc<Faults>) -> Port {
        let watch = Watch::new(Site::Queue(unit, Side::Submitting));
        let intake = Intake { issued: 0, closed: false, waiting: VecDeque::new(), watch, asked: None };
        Port {
            unit,
            depth,
            intake: Mutex::new(intake),
            issued: HintU64::new(0),
            completed: CachePadded::new(AtomicU64::new(0)),
            ends: std::array::from_fn(|_| HintU64::new(0)),
            dead: AtomicBool::new(false),
            listened: AtomicBool::new(false),
            ringing: HintU64::new(Tick::END.0),
            listeners: Mutex::new(Listeners::default()),
            ledger,
            faults,
        }
    }

    /// How many requests it takes at a time.
    pub(crate) fn depth(&self) -> u64 {
        self.depth
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
        if intake.watch.is_watching(&self.faults)
            && let Some(error) = self.refusal(&mut intake, &request, queued, now)
        {
            return Err((error, request));
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

    /// Refuses requests from now on, since a fatal status has ended the unit.
    pub(crate) fn die(&self) {
        self.dead.store(true, Relaxed);
    }

    /// Takes requests again after a fatal status.
    pub(crate) fn revive(&self) {
        self.dead.store(false, Relaxed);
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

    /// Publishes the completion of request `num` at the instant `at`: status, number, events, observer.
    ///
    /// Only the owner of the unit completes, in the order of the numbers. Whoever is told counts as having
    /// seen that it is `at`, so `reach` is called with that before the first of them is. A fault may have them told
    /// otherwise: as `spoilt` says.
    pub(crate) fn complete(
        &self,
        num: u64,
        answer: crate::request::Answer,
        status: Status,
        at: Tick,
        spoilt: Option<Box<Spoilt>>,
        reach: &dyn Fn(Tick),
    ) {
        self.ledger.queue(self.unit).complete(status, at);
        let seq = Seq::new(self.unit, num);
        let observer = answer.give(seq, status);
        self.ends[remembered(num)].store(at.0, Release); // after the completion before; see `ended`
        let mut listeners = self.listeners.lock();
        // Release pairs with every Acquire of `completed`: whoever sees the number sees status and data.
        // It is stored under the lock, so that `listen` either sees it or is seen here.
        self.completed.store(num, Release);
        self.tell(&mut listeners, num, at, spoilt, reach);
        drop(listeners);
        if let Some(observer) = observer {
            observer.published(seq, status, &|| reach(at));
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
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::{Port, Signal};
    use crate::ledger::Ledger;
    use crate::memory::storage::{Span, Storage};
    use crate::request::{Answer, Observer, Request, Work};
    use crate::seq::{Seq, UnitId, UnitKind};
    use crate::status::Status;
    use crate::time::Tick;

    /// What happened, and which number was published by then.
    type Log = Arc<Mutex<Vec<(&'static str, u64)>>>;

    struct Watcher {
        port: Arc<Port>,
        log: Log,
    }

    impl Watcher {
        fn note(&self, what: &'static str) {
            self.log.lock().push((what, self.port.completed()));
        }
    }

    impl Observer for Watcher {
        fn ended(&self, _: Seq, _: Status) {
            self.note("ended");
        }

        fn published(self: Box<Self>, seq: Seq, status: Status, reach: &dyn Fn()) {
            assert_eq!((seq.num(), status), (1, Status::Timeout));
            reach();
            self.note("published");
            // No lock is held any more that whoever hears of it may need.
            self.port.listen(
                1,
                Box::new(Watcher { port: Arc::clone(&self.port), log: Arc::clone(&self.log) }),
                &|_| {},
            );
        }
    }

    impl Signal for Watcher {
        fn signal(&self) {
            self.note("signal");
        }
    }

    #[test]
    fn an_observer_is_told_before_the_number_is_published_and_after_the_events() {
        let unit = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };
        let port = Arc::new(Port::new(unit, 8, Arc::new(Ledger::new(1).expect("small")), Arc::default()));
        let log = Log::default();
        let watcher = || Box::new(Watcher { port: Arc::clone(&port), log: Arc::clone(&log) });
        let span = Span::whole(Arc::new(Storage::on_host(1).expect("small")));
        let work = Work::Copy { from: span.clone(), to: span };
        port.submit(Request::new(work, Answer::Observer(watcher())), Tick::ZERO).ok().expect("empty");
        port.listen_to_each(Some(watcher()));
        let mut taken = VecDeque::new();
        assert!(port.take(&mut taken));
        let answer = taken.pop_front().expect("just submitted").request.answer;
        let reached = Mutex::new(Vec::new());
        port.complete(1, answer, Status::Timeout, Tick(7), None, &|at| reached.lock().push(at));
        assert_eq!(*log.lock(), [("ended", 0), ("signal", 1), ("published", 1), ("signal", 1)]);
        assert_eq!(*reached.lock(), [Tick(7), Tick(7)], "for the event and for the observer");
    }
}
