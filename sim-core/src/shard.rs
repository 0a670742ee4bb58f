//! A queue with the unit behind it: what one thread at a time pumps.

mod control;
mod course;
mod obstacle;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use crate::fault::fate::{Fate, Hold};
use crate::fault::watch::{Site, Subject, Watch};
use crate::fault::{Faults, Side, Verdict};
use crate::port::{Port, Queued, REMEMBERED, Spoilt};
use crate::rates::Rates;
use crate::recorder::{Record, Recorder};
use crate::request::{Answer, Request};
use crate::seq::Seq;
use crate::status::Status;
use crate::sync::{HintU64, Mutex};
use crate::time::Tick;
use crate::unit::{Running, Unit};

pub use control::State;
pub use obstacle::{Cause, Obstacle};

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
    /// The number of the last request that may complete: all may, unless the queue is paused. Changed by the owner.
    gate: HintU64,
    /// Whether nobody will heal anything any more, and how many requests were given up for that.
    is_closing: AtomicBool,
    abandoned: HintU64,
    rates: Arc<Rates>,
    recorder: Arc<Recorder>,
    faults: Arc<Faults>,
}

struct Owner {
    unit: Unit,
    /// Requests to be served; the first is the one that has started, if one has.
    taken: VecDeque<Queued>,
    /// The number of the last request in `taken`, past or present.
    last_taken: u64,
    current: Option<Current>,
    watch: Watch,
    /// When the queue was resumed: nothing ends before.
    resumed: Tick,
    healing: Option<Healing>,
}

/// A dead unit that lives again once it has answered what was queued behind the fault.
#[derive(Clone, Copy)]
struct Healing {
    /// The number of the last request that was queued behind it.
    last: u64,
    /// When it was healed.
    at: Tick,
}

/// What is known of the request that has started.
struct Current {
    running: Running,
    fate: Option<Box<Fate>>,
    /// What its work ended with, once that is done.
    done: Option<Status>,
    /// Whether the journal tells that it is held up.
    is_noted: bool,
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
    /// The queue is paused.
    Paused,
    /// A fault holds the next request up for good.
    Held,
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
    pub fn new(
        port: Port,
        unit: Unit,
        rates: Arc<Rates>,
        recorder: Arc<Recorder>,
        faults: Arc<Faults>,
    ) -> Shard {
        let watch = Watch::new(Site::Queue(port.unit(), Side::Unit));
        let (taken, resumed) = (VecDeque::new(), Tick::ZERO);
        let owner = Owner { unit, taken, last_taken: 0, current: None, watch, resumed, healing: None };
        Shard {
            port,
            owner: Mutex::new(owner),
            listed: AtomicBool::new(false),
            begun: [HintU64::new(0), HintU64::new(0)],
            seen: HintU64::new(0),
            gate: HintU64::new(u64::MAX),
            is_closing: AtomicBool::new(false),
            abandoned: HintU64::new(0),
            rates,
            recorder,
            faults,
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
            let pumped = self.ring(pumped, bounds.horizon, reach);
            drop(owner);
            // A request that came between the last look and the release was not served by its submitter,
            // who found us busy. Its push and this look are ordered by the lock of the intake.
            if pumped != Pumped::Idle || !self.port.has_waiting() {
                return pumped;
            }
        }
    }

    /// When the next request ends, having started it if need be, or somebody is told late; `None` if nothing comes
    /// by itself.
    ///
    /// Only for a driver that pumps from one thread.
    pub(crate) fn next_end(&self) -> Option<Tick> {
        let mut owner = self.owner.lock();
        let has_started = self.start_next(&mut owner).is_ok();
        let Owner { taken, current, resumed, .. } = &mut *owner;
        let started = taken.front().zip(current.as_mut()).filter(|_| has_started);
        let end = started.and_then(|(queued, current)| {
            self.gets_on(queued, current).then(|| current.running.ends.max(*resumed))
        });
        end.into_iter().chain(self.port.next_ring()).min()
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
            let pumped = self.pump(Bounds { horizon: Tick::END, effort: Effort::Light, last: next }, reach);
            if matches!(pumped, Pumped::Paused | Pumped::Held) {
                return Next::None; // it does not end by itself
            }
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
        loop {
            if let Err(stopped) = self.start_next(owner) {
                return stopped;
            }
            let Owner { taken, current, resumed, .. } = owner;
            let (Some(queued), Some(current)) = (taken.front(), current.as_mut()) else {
                unreachable!("one was just started")
            };
            let ends = current.running.ends.max(*resumed);
            if current.running.num > last {
                return Pumped::Left;
            }
            if !self.gets_on(queued, current) {
                return Pumped::Held;
            }
            if ends > horizon {
                return Pumped::Until(ends);
            }
            let is_light =
                !current.running.works() || current.done.is_some() || queued.request.work.is_light();
            if effort == Effort::Light && !is_light {
                return Pumped::Heavy;
            }
            if current.done.is_none() {
                self.work(queued, current, ends);
            }
            if current.is_held() {
                continue; // all is done but to tell of it
            }
            self.finish_current(owner, ends, reach);
        }
    }

    /// Tells those who are to be told late and whose time has come by `horizon`. Where nothing else is due before the
    /// next of them, that is when to come back.
    fn ring(&self, pumped: Pumped, horizon: Tick, reach: &dyn Fn(Tick)) -> Pumped {
        if self.port.next_ring().is_none() {
            return pumped;
        }
        self.port.ring(horizon, reach);
        match (self.port.next_ring(), pumped) {
            (Some(due), Pumped::Until(at)) => Pumped::Until(at.min(due)),
            (Some(due), Pumped::Idle | Pumped::Paused | Pumped::Held) => Pumped::Until(due),
            (_, pumped) => pumped,
        }
    }

    /// Starts the next request if none has; or says why none is started.
    ///
    /// Where a pause holds it up it has not started, so that rules which are added meanwhile strike it.
    fn start_next(&self, owner: &mut Owner) -> Result<(), Pumped> {
        let gate = self.gate.load(Relaxed);
        if let Some(Current { running, .. }) = &owner.current {
            return if running.num > gate { Err(Pumped::Paused) } else { Ok(()) };
        }
        if owner.taken.is_empty() {
            // The hint may be late, never wrong for long: `pump` looks again under the lock.
            if self.port.issued_hint() == owner.last_taken || !self.port.take(&mut owner.taken) {
                return Err(Pumped::Idle);
            }
            owner.last_taken += owner.taken.len() as u64;
        }
        let Owner { unit, taken, watch, healing, .. } = owner;
        let queued = taken.front().filter(|queued| queued.num <= gate).ok_or(Pumped::Paused)?;
        if let Some(healing) = healing.take_if(|healing| healing.last < queued.num) {
            unit.heal(healing.at);
        }
        let fate = if watch.is_watching(&self.faults) { self.fate(unit, watch, queued) } else { None };
        let cost = queued.request.work.cost(&self.rates);
        let running = unit.start(queued.num, queued.submitted, cost, &self.rates, fate.as_deref());
        self.begun[1].store(running.ends.0, Relaxed);
        self.begun[0].store(running.num, Relaxed);
        let current = owner.current.insert(Current { running, fate, done: None, is_noted: false });
        self.signal_early(queued, current);
        Ok(())
    }

    /// What the rules say about a request that begins.
    fn fate(&self, unit: &Unit, watch: &mut Watch, queued: &Queued) -> Option<Box<Fate>> {
        let Queued { num, submitted, request } = queued;
        let subject = Subject {
            num: *num,
            at: unit.begin(*submitted),
            operation: request.work.operation(),
            bytes: request.work.bytes(),
            depth: 0, // a matter of those who submit
            model: request.work.model(),
            names: &[],
            tensors: request.tensors.as_deref().unwrap_or_default(),
        };
        let mut fate = None;
        watch.ask(&self.faults, &subject, unit.is_dead(), |phase, strike| {
            fate.get_or_insert_with(Box::<Fate>::default).set(phase, strike);
        });
        fate
    }

    /// Publishes the completion of the current request, whose work is done, at the instant `at`.
    fn finish_current(&self, owner: &mut Owner, at: Tick, reach: &dyn Fn(Tick)) {
        let current = owner.current.as_mut().expect("one was started");
        let (begins, fate) = (current.running.begins, current.fate.take());
        let status = current.done.expect("its work is done");
        owner.current = None;
        let mut queued = owner.taken.pop_front().expect("it is the first");
        let num = queued.num;
        owner.unit.finish(num, at, status);
        let unit = self.port.unit();
        if self.recorder.is_wanted() {
            let work = &queued.request.work;
            let (seq, bytes, deed) = (Seq::new(unit, num), work.bytes(), work.deed());
            let record = Record { seq, deed, bytes, begins, ends: at, status };
            if !self.recorder.record(unit.core, &queued.request, record) {
                queued.request.answer = Answer::Nobody;
            }
        }
        let event = fate.and_then(|fate| fate.event);
        let spoilt = event.and_then(|strike| match *strike.verdict() {
            Verdict::Signal(signalling) => {
                Some(Box::new(Spoilt { signalling, strike, victim: self.victim(&queued), end: at }))
            }
            _ => None,
        });
        let Request { work, answer, tensors, .. } = queued.request;
        // Before the number is published: memory that only this request held must be free by then.
        drop((work, tensors));
        if status.is_fatal() && owner.healing.is_none() {
            self.port.die();
        }
        self.port.complete(num, answer, status, at, spoilt, reach);
    }
}

impl Current {
    /// Whether its work is done, but a fault keeps its completion back.
    fn is_held(&self) -> bool {
        self.running.course.hold.is_some()
            && (self.done.is_some() || self.running.course.hold == Some(Hold::Before))
    }
}
