//! A queue with the unit behind it: what one thread at a time pumps.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use crate::port::{Port, Queued, REMEMBERED};
use crate::rates::Rates;
use crate::recorder::{Record, Recorder};
use crate::request::Request;
use crate::seq::Seq;
use crate::status::Status;
use crate::sync::{HintU64, Mutex};
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
    /// The number of the request that was started last, and its end: a hint, the two may not belong together.
    begun: [HintU64; 2],
    /// A number up to which all ends are known to have been seen.
    seen: HintU64,
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

/// Requests that whoever asks for the next end does at most to find out.
const TRIES_MAX: u32 = 64;

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

/// When the next request of a queue ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// There is none that matters.
    None,
    /// At this instant.
    At(Tick),
    /// It may end before what matters, but is not done yet.
    Unknown,
}

impl Next {
    /// Whether it is earlier than `other`, or there is no other.
    pub(crate) fn is_before(self, other: Next) -> bool {
        match (self, other) {
            (Next::At(one), Next::At(other)) => one < other,
            _ => other == Next::None,
        }
    }
}

impl Shard {
    /// A shard whose queue is empty.
    pub fn new(port: Port, unit: Unit, rates: Arc<Rates>, recorder: Arc<Recorder>) -> Shard {
        let owner = Mutex::new(Owner { unit, taken: VecDeque::new(), last_taken: 0, current: None });
        Shard {
            port,
            owner,
            listed: AtomicBool::new(false),
            begun: [HintU64::new(0), HintU64::new(0)],
            seen: HintU64::new(0),
            rates,
            recorder,
        }
    }

    /// Completes requests in order, as far as `bounds` allow, and says where it stopped.
    ///
    /// `reach` is called with the end of each request that somebody is told of, before they are.
    pub(crate) fn pump(&self, bounds: Bounds, reach: &dyn Fn(Tick)) -> Pumped {
        loop {
            let Some(mut owner) = self.owner.try_lock() else {
                return Pumped::Busy;
            };
            let pumped = self.drain(&mut owner, bounds, reach);
            drop(owner);
            // A request that came between the last look and the release was not served by its submitter,
            // who found us busy. Its push and this look are ordered by the lock of the intake.
            if pumped != Pumped::Idle || !self.port.has_waiting() {
                return pumped;
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

    /// The number of the last request that ended by `now`, among those that have completed.
    pub(crate) fn seen(&self, now: Tick) -> u64 {
        let completed = self.port.completed();
        let mut seen = self.seen.load(Relaxed); // a hint: whoever is behind looks at a few more
        while seen < completed {
            match self.port.ended(seen + 1) {
                Some(end) if end > now => break,
                Some(_) => seen += 1,
                None => seen = (seen + 1).max(completed.saturating_sub(REMEMBERED as u64 - 1)),
            }
        }
        self.seen.fetch_max(seen, Relaxed);
        seen
    }

    /// Whether every request has ended by what the program has seen.
    pub(crate) fn is_all_seen(&self) -> bool {
        self.seen.load(Relaxed) >= self.port.issued_hint()
    }

    /// When the first request ends that ends after `now`; none if that is not before `until`. Does light work to
    /// find out, and not much of it.
    pub(crate) fn end_after(&self, now: Tick, until: Tick, reach: &dyn Fn(Tick)) -> Next {
        for _ in 0..TRIES_MAX {
            let next = self.seen(now) + 1;
            if let Some(end) = self.port.ended(next) {
                return if end < until { Next::At(end) } else { Next::None };
            }
            if next > self.port.issued_hint() {
                return Next::None;
            }
            self.pump(Bounds { horizon: Tick::END, effort: Effort::Light, last: next }, reach);
            if self.port.completed() < next {
                // Another thread is at it, or a worker will be.
                let [begun, ends] = self.begun.each_ref().map(|hint| hint.load(Relaxed));
                return if begun == next && ends >= until.0 { Next::None } else { Next::Unknown };
            }
        }
        Next::Unknown
    }

    fn drain(&self, owner: &mut Owner, bounds: Bounds, reach: &dyn Fn(Tick)) -> Pumped {
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
            self.finish_current(owner, reach);
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
        self.begun[1].store(running.ends.0, Relaxed);
        self.begun[0].store(running.num, Relaxed);
        owner.current = Some((queued, running));
        Some(running)
    }

    /// Does the work of the current request and publishes its completion.
    fn finish_current(&self, owner: &mut Owner, reach: &dyn Fn(Tick)) {
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
        self.port.complete(num, answer, status, running.ends, reach);
    }
}
