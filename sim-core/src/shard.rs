//! A queue with the unit behind it: what one thread at a time pumps.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::port::{Port, Queued};
use crate::rates::Rates;
use crate::recorder::{Record, Recorder};
use crate::request::Request;
use crate::seq::Seq;
use crate::status::Status;
use crate::sync::Mutex;
use crate::time::Tick;
use crate::unit::{Running, Unit};

/// One queue of one core, from the program's side to the device's.
///
/// Whoever holds `owner` does the work. It is only ever *tried*: no thread waits for the one that copies
/// or computes.
pub struct Shard {
    /// The program's side.
    pub port: Port,
    owner: Mutex<Owner>,
    /// Whether it is on a driver's list of shards that may have something to do.
    pub(crate) listed: AtomicBool,
    rates: Arc<Rates>,
    recorder: Arc<Recorder>,
}

struct Owner {
    unit: Unit,
    taken: VecDeque<Queued>,
    /// The number of the last request in `taken`, past or present.
    last_taken: u64,
    current: Option<(Queued, Running)>,
}

/// How much a pumping thread is willing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Only what takes a few microseconds.
    Light,
    /// Whatever is due.
    Any,
}

/// How far a pumping thread goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bounds {
    /// Requests that end later do not complete yet.
    pub(crate) horizon: Tick,
    /// What it is willing to do.
    pub(crate) effort: Effort,
    /// The number of the last request it completes.
    pub(crate) last: u64,
}

/// Where a pumping thread stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pumped {
    /// Nothing is left.
    Idle,
    /// Another thread is at it, and will go on until nothing is left or tell a driver.
    Busy,
    /// The next request ends at this instant, which has not come.
    Until(Tick),
    /// The next request is more than light work.
    Heavy,
    /// The next request comes after the last it was to complete.
    Left,
}

/// What pumping did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Where it stopped.
    pub(crate) pumped: Pumped,
    /// The end of the last completion that somebody was told of.
    pub(crate) told: Option<Tick>,
}

impl Shard {
    /// A shard whose queue is empty.
    pub fn new(port: Port, unit: Unit, rates: Arc<Rates>, recorder: Arc<Recorder>) -> Shard {
        let owner = Mutex::new(Owner { unit, taken: VecDeque::new(), last_taken: 0, current: None });
        Shard { port, owner, listed: AtomicBool::new(false), rates, recorder }
    }

    /// Completes requests in order, as far as `bounds` allow.
    pub(crate) fn pump(&self, bounds: Bounds) -> Progress {
        let mut told = None;
        loop {
            let Some(mut owner) = self.owner.try_lock() else {
                return Progress { pumped: Pumped::Busy, told };
            };
            let pumped = self.drain(&mut owner, bounds, &mut told);
            drop(owner);
            // A request that came between the last look and the release was not served by its submitter,
            // who found us busy. Its push and this look are ordered by the lock of the intake.
            if pumped != Pumped::Idle || !self.port.has_waiting() {
                return Progress { pumped, told };
            }
        }
    }

    /// When the next request ends, having started it if need be; `None` if there is none.
    ///
    /// Only for a driver that pumps from one thread.
    pub(crate) fn next_end(&self) -> Option<Tick> {
        let mut owner = self.owner.lock();
        self.start_next(&mut owner).map(|running| running.ends)
    }

    fn drain(&self, owner: &mut Owner, bounds: Bounds, told: &mut Option<Tick>) -> Pumped {
        let Bounds { horizon, effort, last } = bounds;
        while let Some(running) = self.start_next(owner) {
            if running.num > last {
                return Pumped::Left;
            }
            if running.ends > horizon {
                return Pumped::Until(running.ends);
            }
            let (queued, _) = owner.current.as_ref().expect("just started");
            let runs = running.verdict.is_none_or(Status::has_run);
            let is_light = !runs || queued.request.work.is_light();
            if effort == Effort::Light && !is_light {
                return Pumped::Heavy;
            }
            if self.finish_current(owner) {
                *told = Some(running.ends);
            }
        }
        Pumped::Idle
    }

    fn start_next(&self, owner: &mut Owner) -> Option<Running> {
        if let Some((_, running)) = &owner.current {
            return Some(*running);
        }
        if owner.taken.is_empty() {
            // The hint may be late, never wrong for long: `pump` looks again under the lock.
            if self.port.issued_hint() == owner.last_taken || !self.port.take(&mut owner.taken) {
                return None;
            }
            owner.last_taken += owner.taken.len() as u64;
        }
        let queued = owner.taken.pop_front()?;
        let cost = queued.request.work.cost(&self.rates);
        let running = owner.unit.start(queued.num, queued.submitted, cost, &self.rates);
        owner.current = Some((queued, running));
        Some(running)
    }

    /// Does the work of the current request and publishes its completion. Says whether anyone was told.
    fn finish_current(&self, owner: &mut Owner) -> bool {
        let (Queued { num, request, .. }, running) = owner.current.take().expect("one was started");
        let Request { work, answer } = request;
        let status = match running.verdict {
            Some(verdict) if !verdict.has_run() => verdict,
            // A panic in a kernel is a bug of the kernel's; nobody may wait forever for its sake.
            verdict => match catch_unwind(AssertUnwindSafe(|| work.perform())).unwrap_or(Status::Failure) {
                Status::Success => verdict.unwrap_or(Status::Success),
                error => error,
            },
        };
        owner.unit.finish(running, status);
        let unit = self.port.unit();
        if self.recorder.is_on() {
            let (seq, bytes, deed) = (Seq::new(unit, num), work.bytes(), work.deed());
            let Running { begins, ends, .. } = running;
            self.recorder.record(unit.core, Record { seq, deed, bytes, begins, ends, status });
        }
        // Before the number is published: memory that only this request held must be free by then.
        drop(work);
        self.port.complete(num, answer, status, running.ends)
    }
}
