//! The checker: five verbs over the requests of a process, and what each finds.
//!
//! *Submit* and *start* enter what a request uses, *complete* says what it ended with, *observe* is what the host
//! learns, *release* ends the life of an object. The device may complete a request at any time after its submission;
//! the only thing that orders what comes later is what the host has observed, by whichever thread. A request is
//! entered after it was accepted: it may have been observed by then, and is over for everybody who knows of it.

use std::ops::Range;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{self, Acquire, Relaxed},
};

use crossbeam_utils::CachePadded;
use parking_lot::Mutex;
use sim_core::seq::UnitId;
use sim_core::status::Status;

use crate::conduct::Conduct;
use crate::finding::{Finding, Findings, Side, Site, Use};
use crate::kind::Kind;
use crate::memory::{Accesses, Open, Owner};
use crate::queues::{CALLS, Proof, Queues, Request};
use crate::state::State;

pub use crate::submission::Submission;

/// Who makes a call that is not a submission.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The function of the API.
    pub call: &'static str,
    /// The thread.
    pub thread: u32,
}

/// What memory of the program has become of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changed {
    /// The status variable is not what it was.
    pub status: bool,
    /// The source buffer is not what it was.
    pub buffer: bool,
    /// The status variable cannot be read any more.
    pub status_is_gone: bool,
    /// The buffer cannot be read any more.
    pub buffer_is_gone: bool,
}

/// Watches one runtime, from its opening to its close.
pub struct Checker {
    state: CachePadded<Mutex<State>>,
    /// The number of the last completed request of each queue, whoever knows of it.
    completed: Box<[CachePadded<AtomicU64>]>,
    /// Whether any status variable was ever found to be gone: looked at by those who complete, and beside what changes all
    /// the time.
    has_gone: CachePadded<AtomicBool>,
}

/// A blocking call under way.
#[derive(Debug)]
pub struct Underway {
    place: usize,
    num: u64,
    accesses: Accesses,
}

impl Checker {
    /// A checker for a device with `queues` queues, whose depths are known. `waits` says how often the calling thread has
    /// waited for something.
    pub fn new(queues: usize, depth: impl Fn(UnitId) -> u64, waits: fn() -> u64) -> Checker {
        let state = State::new(Queues::new(queues, depth), waits);
        Checker {
            state: CachePadded::new(Mutex::new(state)),
            completed: (0..queues).map(|_| CachePadded::default()).collect(),
            has_gone: CachePadded::new(AtomicBool::new(false)),
        }
    }

    /// A request was accepted as number `num` of its queue.
    pub fn submitted(&self, num: u64, submission: &Submission) -> Findings {
        self.state.lock().submitted(num, submission)
    }

    /// A call comes from a function of the program whose stack begins at `stack`, so that the functions below have
    /// returned. Returns also the lowest address of a status variable that is left on the stack of the thread.
    pub fn returned(&self, caller: Caller, stack: usize) -> (Findings, Option<usize>) {
        let mut findings = Findings::new();
        let mut state = self.state.lock();
        state.returned(caller, stack, &mut findings);
        if !findings.is_empty() {
            self.has_gone.store(true, Relaxed);
        }
        (findings, state.statuses.lowest_local(caller.thread))
    }

    /// Whether the status of a request can be written: its variable is not known to be gone.
    pub fn has_place(&self, unit: UnitId, num: u64) -> bool {
        if !self.has_gone.load(Relaxed) {
            return true;
        }
        let state = self.state.lock();
        state.queues.at(unit.place()).request(num).is_none_or(|request| request.status != 0)
    }

    /// A request is about to be submitted that lets the device write to `buffer`, memory of the program: what other
    /// requests have there may change from now on.
    pub fn announce(&self, buffer: &Range<usize>) {
        let State { queues, memory, .. } = &mut *self.state.lock();
        let mut touched = Vec::new();
        memory.look(buffer, queues, |open| touched.push((open.place, open.num)));
        for (place, num) in touched {
            if num < CALLS
                && let Some(request) = queues.at_mut(place).request_mut(num)
            {
                request.proof.buffer = None;
            }
        }
    }

    /// Whether any request that is not known to be over uses one of `ranges`.
    pub fn is_in_use(&self, ranges: &[Range<usize>]) -> bool {
        let State { queues, memory, .. } = &*self.state.lock();
        let mut is_used = false;
        ranges.iter().for_each(|range| memory.look(range, queues, |_| is_used = true));
        is_used
    }

    /// What was seen of the program's memory when a request was submitted, as far as it is to be looked at again.
    pub fn proof(&self, unit: UnitId, num: u64) -> Option<Proof> {
        self.state.lock().queues.at(unit.place()).request(num).map(|request| request.proof)
    }

    /// A request has done its work, and ends with `status`, which will be written after this call, and then its number
    /// published.
    pub fn completed(&self, unit: UnitId, num: u64, status: Status, changed: Changed) -> Findings {
        let place = unit.place();
        let mut findings = Findings::new();
        // Most requests end well, and whoever waits for them has the lock: it is not needed then.
        if status != Status::Success || changed != Changed::default() {
            let state = &mut *self.state.lock();
            if status != Status::Success {
                state.failed((place, num), status);
            }
            if let Some(request) =
                state.queues.at(place).request(num).filter(|_| changed != Changed::default())
            {
                state.changed((place, num), request.proof, changed, &mut findings);
            }
        }
        self.completed[place].store(num, Ordering::Release); // who sees it finds the failure
        findings
    }

    /// The number of the last completed request of the queue at `place`.
    fn last_completed(&self, place: usize) -> u64 {
        self.completed[place].load(Acquire)
    }

    /// The host has learned that all requests of `unit` up to `num` are completed. `verify` looks at the memory of one
    /// of which that is news; nobody else learns of it before that is done.
    pub fn observed(
        &self,
        unit: UnitId,
        num: u64,
        caller: Caller,
        verify: &dyn Fn(&Proof) -> Changed,
    ) -> Findings {
        let state = &mut *self.state.lock();
        let mut findings = Findings::new();
        state.conduct.looked(caller.thread);
        state.see(unit.place(), num, verify, &mut findings);
        findings
    }

    /// A look at the last completed number of a queue, which is `num`: news, or none.
    pub fn looked(
        &self,
        unit: UnitId,
        num: u64,
        caller: Caller,
        verify: &dyn Fn(&Proof) -> Changed,
    ) -> Findings {
        let state = &mut *self.state.lock();
        if state.queues.is_over(unit.place(), num) {
            return state.polled(unit, None, caller);
        }
        let mut findings = Findings::new();
        state.conduct.looked(caller.thread);
        state.see(unit.place(), num, verify, &mut findings);
        findings
    }

    /// The host has learned that everything is completed that is: up to `last` of each queue.
    pub fn observed_all(&self, last: impl Fn(UnitId) -> u64, verify: &dyn Fn(&Proof) -> Changed) -> Findings {
        let state = &mut *self.state.lock();
        let mut findings = Findings::new();
        for place in 0..self.completed.len() {
            state.see(place, last(UnitId::at(place)), verify, &mut findings);
        }
        findings
    }

    /// The same by an eventfd, which was registered for request `num`, or for all of the queue. `is_lost` says what
    /// became of the descriptor, if it is not what it was.
    pub fn signalled(
        &self,
        unit: UnitId,
        num: Option<u64>,
        registered: &Side,
        is_lost: Option<Kind>,
        verify: &dyn Fn(&Proof) -> Changed,
    ) -> Findings {
        let state = &mut *self.state.lock();
        let mut findings = Findings::new();
        let place = unit.place();
        let completed = self.last_completed(place);
        let num = num.unwrap_or(completed);
        if let Some(kind) = is_lost
            && !state.queues.is_over(place, num)
        {
            let first = Some(state.queues.side(place, num, None));
            let second = Some(registered.clone());
            findings.push(Finding { kind, first, second, detail: String::new() });
        }
        if num <= completed {
            state.see(place, num, verify, &mut findings);
        }
        findings
    }

    /// A blocking call begins that uses `accesses`; a run on the queue of `unit`, in its turn there, or at once.
    pub fn begin(&self, caller: Caller, unit: Option<UnitId>, accesses: Accesses) -> (Underway, Findings) {
        let state = &mut *self.state.lock();
        let mut findings = Findings::new();
        state.next_call += 1;
        let place = unit.map_or(usize::MAX, UnitId::place);
        let num = state.next_call;
        state.calls.push((num, caller));
        state.enter((place, num), &accesses, &mut findings);
        (Underway { place, num, accesses }, findings)
    }

    /// It is over.
    pub fn end(&self, underway: &Underway) {
        let state = &mut *self.state.lock();
        state.memory.leave(underway.place, underway.num, &underway.accesses);
        state.calls.retain(|(num, _)| *num != underway.num);
    }

    /// A tensor was made, or got other bytes, which begin at `base`. `fresh` is memory that was nobody's before.
    pub fn tensor_made(&self, id: u64, name: &str, base: usize, fresh: Option<&Range<usize>>) {
        let state = &mut *self.state.lock();
        state.names.add(id, name, base);
        if let Some(whole) = fresh {
            state.memory.forget(whole);
            state.failures.forget(whole);
        }
    }

    /// A tensor is freed, or gets other bytes.
    pub fn tensor_ended(&self, id: u64, is_replaced: bool, caller: Caller) -> Findings {
        let state = &mut *self.state.lock();
        let is_its = |open: &Open| open.owner == Owner::Tensor(id);
        let mut findings = Findings::new();
        for open in state.memory.find(&state.queues, is_its).into_iter().take(1) {
            let request = state.queues.at_of(open.place).and_then(|queue| queue.request(open.num));
            let is_run = open.num >= CALLS || request.is_some_and(|request| request.model != 0);
            let kind = match (is_replaced, is_run) {
                (true, _) => Kind::TensorReplaced,
                (false, true) => Kind::TensorFreedRun,
                (false, false) => Kind::TensorFreed,
            };
            let first = Some(state.side_of(&open));
            let uses = state.names.uses(&open);
            let second = Some(caller.side(Some(Use { what: uses.what, bytes: 0..0, writes: false })));
            findings.push(Finding { kind, first, second, detail: String::new() });
        }
        if !is_replaced {
            state.names.end(id);
        }
        findings
    }

    /// A tensor set, or a model, is gone.
    pub fn released(&self, what: Release, caller: Caller) -> Findings {
        let state = &mut *self.state.lock();
        let is_meant = |request: &Request| match what {
            Release::Set(set) => request.sets.contains(&set),
            Release::Model(model) => request.model == model,
        };
        let kind = match what {
            Release::Set(_) => Kind::SetDestroyed,
            Release::Model(_) => Kind::ModelUnloaded,
        };
        let mut findings = Findings::new();
        let all = state.queues.all().flat_map(|(place, queue)| queue.open().map(move |open| (place, open)));
        if let Some((place, (num, _))) = all.into_iter().find(|(_, (_, request))| is_meant(request)) {
            let (first, second) = (Some(state.queues.side(place, num, None)), Some(caller.side(None)));
            findings.push(Finding { kind, first, second, detail: String::new() });
        }
        findings
    }

    /// The host has asked about a request that is not completed, or about a queue of which it learned nothing new.
    pub fn polled(&self, unit: UnitId, num: Option<u64>, caller: Caller) -> Findings {
        self.state.lock().polled(unit, num, caller)
    }

    /// What the program did apart from submitting; see [`Conduct`].
    pub fn conduct<T>(&self, look: impl FnOnce(&mut Conduct, &Queues) -> T) -> T {
        let State { conduct, queues, .. } = &mut *self.state.lock();
        look(conduct, queues)
    }

    /// The runtime is about to be closed, or the process to end, with so many tensors, sets and models alive.
    pub fn closing(&self, live: [u64; 3], caller: Caller, is_exit: bool) -> Findings {
        let state = &mut *self.state.lock();
        let mut findings = Findings::new();
        let mut sites = Vec::new();
        for (place, queue) in state.queues.all() {
            for (num, request) in queue.open() {
                if !sites.contains(&request.site) {
                    sites.push(request.site);
                    let first = Some(state.queues.side(place, num, None));
                    let second = Some(caller.side(None));
                    findings.push(Finding { kind: Kind::NeverSeen, first, second, detail: String::new() });
                }
            }
        }
        findings.extend(state.conduct.sum_up());
        let kind = if is_exit { Kind::ExitOpen } else { Kind::LeakClose };
        if is_exit || live.iter().any(|count| *count > 0) {
            let [tensors, sets, models] = live;
            let detail = format!("alive: {tensors} tensors, {sets} tensor sets, {models} models");
            findings.push(Finding { kind, first: None, second: Some(caller.side(None)), detail });
        }
        findings
    }
}

/// Something that a request was submitted with.
#[derive(Debug, Clone, Copy)]
pub enum Release {
    /// A tensor set.
    Set(u64),
    /// A model.
    Model(u64),
}

impl Caller {
    pub(crate) fn side(self, uses: Option<Use>) -> Side {
        Side { call: self.call, request: None, uses, thread: self.thread, site: Site::Here }
    }
}
