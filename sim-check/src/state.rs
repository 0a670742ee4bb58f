//! What the checker knows, and the rules it goes by.

use rustc_hash::FxHashMap;
use sim_core::seq::UnitId;
use sim_core::status::Status;
use smallvec::SmallVec;

use crate::checker::{Caller, Changed, Submission};
use crate::conduct::Conduct;
use crate::failures::{Failures, Unwritten};
use crate::finding::{Finding, Findings, Side};
use crate::kind::Kind;
use crate::memory::{Access, Accesses, Memory, Open, Owner};
use crate::names::Names;
use crate::queues::{CALLS, FAILED_MAX, Proof, Queues, Request};
use crate::statuses::Statuses;

/// What is known of one runtime.
pub(crate) struct State {
    pub(crate) queues: Queues,
    pub(crate) memory: Memory,
    pub(crate) names: Names,
    pub(crate) conduct: Conduct,
    pub(crate) failures: Failures,
    pub(crate) statuses: Statuses,
    /// Blocking calls under way.
    pub(crate) calls: Vec<(u64, Caller)>,
    pub(crate) next_call: u64,
    /// How requests have ended that have failed, until the host has observed it.
    failed: FxHashMap<(usize, u64), Status>,
}

/// What a request or a blocking call meets in the memory that it uses.
#[derive(Default)]
struct Met {
    /// Uses that nothing orders with one of its own.
    hazards: Vec<(Open, Access)>,
    /// Requests of which a buffer may change from now on.
    touched: Vec<(usize, u64)>,
    /// Bytes that it reads and that were never written.
    unwritten: Vec<(Unwritten, Access)>,
}

impl Met {
    fn is_empty(&self) -> bool {
        self.hazards.is_empty() && self.touched.is_empty() && self.unwritten.is_empty()
    }
}

impl State {
    pub(crate) fn new(queues: Queues, waits: fn() -> u64) -> State {
        State {
            queues,
            memory: Memory::default(),
            names: Names::default(),
            conduct: Conduct::new(waits),
            failures: Failures::default(),
            statuses: Statuses::new(),
            calls: Vec::new(),
            next_call: CALLS,
            failed: FxHashMap::default(),
        }
    }

    pub(crate) fn submitted(&mut self, num: u64, submission: &Submission) -> Findings {
        self.conduct.accepted(submission);
        let Submission { call, unit, thread, site, status, is_local, model, sets, proof, .. } = *submission;
        let mut findings = Findings::new();
        let place = unit.place();
        let queue = self.queues.at_mut(place);
        queue.issued = queue.issued.max(num);
        if self.queues.is_over(place, num) {
            return findings; // another thread knows that: whatever it has done since is in order
        }
        self.conduct.submitted((place, num), submission, &self.queues);
        let met = self.meet((place, num), &submission.accesses);
        self.queues.at_mut(place).enter(num, Request { call, thread, site, status, model, sets, proof });
        if !met.is_empty() {
            self.judge((place, num), met, &mut findings);
        }
        if status != 0 {
            self.share((place, num), status, &mut findings);
        }
        if is_local {
            self.statuses.enter_local(thread, status, (place, num), &self.queues);
        }
        findings.extend(self.failures.submitted(place, num, site, &self.queues));
        findings
    }

    /// Enters what a blocking call uses.
    pub(crate) fn enter(&mut self, call: (usize, u64), accesses: &Accesses, findings: &mut Findings) {
        let met = self.meet(call, accesses);
        self.judge(call, met, findings);
    }

    /// Enters what a request or a blocking call uses, and says what it meets there.
    fn meet(&mut self, (place, num): (usize, u64), accesses: &Accesses) -> Met {
        let mut met = Met::default();
        for access in accesses {
            self.memory.enter((place, num), access, &self.queues, |open| {
                if open.num < CALLS && open.owner == Owner::Host && access.writes {
                    met.touched.push((open.place, open.num));
                }
                if !access.writes && access.owner == Owner::Host && open.writes {
                    met.touched.push((place, num)); // the device may still write what this one gives
                }
                // How two threads order their blocking calls cannot be seen.
                if open.place != place && (open.num < CALLS || num < CALLS) {
                    met.hazards.push((open.clone(), access.clone()));
                }
            });
            if !self.failures.are_any() {
                continue;
            }
            match access.writes {
                true => self.failures.written(&access.bytes),
                false => met.unwritten.extend(self.failures.read(&access.bytes).zip(Some(access.clone()))),
            }
        }
        met
    }

    /// What is wrong with what a request or a blocking call has met.
    fn judge(&mut self, (place, num): (usize, u64), met: Met, findings: &mut Findings) {
        for (unwritten, access) in met.unwritten {
            findings.push(self.failed_result(unwritten, (place, num), access));
        }
        for (open, access) in met.hazards {
            let finding = self.hazard(&open, (place, num), &access);
            if findings.iter().all(|other| other.kind != finding.kind || other.first != finding.first) {
                findings.push(finding);
            }
        }
        for (place, num) in met.touched {
            if num < CALLS
                && let Some(request) = self.queues.at_mut(place).request_mut(num)
            {
                request.proof.buffer = None; // the device itself changes the buffer
            }
        }
    }

    fn hazard(&self, open: &Open, later: (usize, u64), access: &Access) -> Finding {
        let is_call = later.1 >= CALLS || open.num >= CALLS;
        let depth = self.queues.at_of(open.place).map_or(u64::MAX, |queue| queue.depth);
        let issued = self.queues.at_of(open.place).map_or(0, |queue| queue.issued);
        let kind = if open.num < CALLS && open.num.saturating_add(depth) <= issued {
            Kind::DepthOrder
        } else if open.owner == Owner::Host && access.owner == Owner::Host {
            Kind::BufferShared
        } else {
            match (open.writes, access.writes, is_call) {
                (true, false, false) => Kind::QueueRaw,
                (false, _, false) => Kind::QueueWar,
                (true, true, false) => Kind::QueueWaw,
                (true, false, true) => Kind::HostRaw,
                (false, _, true) => Kind::HostWar,
                (true, true, true) => Kind::HostWaw,
            }
        };
        let mine = Open {
            bytes: access.bytes.clone(),
            writes: access.writes,
            owner: access.owner,
            place: later.0,
            num: later.1,
        };
        let common = open.bytes.start.max(mine.bytes.start)..open.bytes.end.min(mine.bytes.end);
        let detail = format!("{} bytes are used by both", common.len());
        Finding { kind, first: Some(self.side_of(open)), second: Some(self.side_of(&mine)), detail }
    }

    fn failed_result(&self, unwritten: Unwritten, (place, num): (usize, u64), access: Access) -> Finding {
        let Unwritten { owner, writer, status, .. } = unwritten;
        let reader = Open { bytes: access.bytes, writes: false, owner: access.owner, place, num };
        let uses = self.names.uses(&Open { owner, writes: true, ..reader.clone() });
        let first = Some(Side { uses: Some(uses), ..writer });
        let detail = format!("it ended with {}", status.name());
        Finding { kind: Kind::FailedResult, first, second: Some(self.side_of(&reader)), detail }
    }

    /// A request has its status at `address`.
    fn share(&mut self, (place, num): (usize, u64), address: usize, findings: &mut Findings) {
        let Some(other) = self.statuses.enter(address, (place, num), &self.queues) else { return };
        let [first, second] =
            [other, (place, num)].map(|(place, num)| Some(self.queues.side(place, num, None)));
        let detail = format!("the variable is at {address:#x}");
        findings.push(Finding { kind: Kind::StatusShared, first, second, detail });
        for (place, num) in [other, (place, num)] {
            if let Some(request) = self.queues.at_mut(place).request_mut(num) {
                request.proof.status = None; // the device itself changes it
            }
        }
    }

    /// A request has failed.
    pub(crate) fn failed(&mut self, (place, num): (usize, u64), status: Status) {
        if !self.queues.is_over(place, num) && self.failed.len() < FAILED_MAX {
            self.failed.insert((place, num), status);
        }
    }

    /// The host has learned that all up to `num` are completed, as they are.
    pub(crate) fn see(
        &mut self,
        place: usize,
        num: u64,
        verify: &dyn Fn(&Proof) -> Changed,
        findings: &mut Findings,
    ) {
        if self.queues.is_over(place, num) {
            return;
        }
        let ended = |failed: &FxHashMap<_, Status>, num| match failed.is_empty() {
            true => Status::Success,
            false => failed.get(&(place, num)).copied().unwrap_or(Status::Success),
        };
        // Nothing is over before it was looked at.
        let open = self.queues.at(place).open().take_while(|(open, _)| *open <= num);
        let late = open.filter(|(_, request)| request.proof.is_late && request.proof.is_any());
        let late: SmallVec<[_; 4]> = late.map(|(num, request)| (num, request.proof)).collect();
        for (num, mut proof) in late {
            proof.status = proof.status.map(|(address, _)| (address, ended(&self.failed, num).code()));
            let changed = verify(&proof);
            if changed != Changed::default() {
                self.changed((place, num), proof, changed, findings);
            }
        }
        let State { queues, failures, failed, memory, .. } = self;
        if failed.is_empty() {
            failures.succeeded(place);
        } else {
            for num in queues.at(place).seen + 1..=num {
                match ended(failed, num) {
                    Status::Success => failures.succeeded(place),
                    status => failures.seen((place, num), status, queues, memory),
                }
            }
            failed.retain(|(other, failed), _| *other != place || *failed > num);
        }
        queues.at_mut(place).see(num);
    }

    /// The host has looked, and learned nothing new.
    pub(crate) fn polled(&mut self, unit: UnitId, num: Option<u64>, caller: Caller) -> Findings {
        let State { conduct, queues, .. } = self;
        let Caller { call, thread } = caller;
        match num {
            Some(num) => conduct.polled((unit, num), call, thread, queues),
            None => conduct.looked_at_idle(unit, call, thread, queues),
        }
    }

    /// Memory of a request is not what it was.
    pub(crate) fn changed(
        &mut self,
        (place, num): (usize, u64),
        proof: Proof,
        changed: Changed,
        findings: &mut Findings,
    ) {
        let side = self.queues.side(place, num, None);
        let mut found = |kind, address: usize| {
            let detail = format!("the memory at {address:#x}");
            findings.push(Finding { kind, first: Some(side.clone()), second: None, detail });
        };
        if let Some((address, _)) = proof.status.filter(|_| changed.status || changed.status_is_gone) {
            found(if changed.status_is_gone { Kind::StatusFreed } else { Kind::StatusChanged }, address);
        }
        if let Some((address, ..)) = proof.buffer.filter(|_| changed.buffer || changed.buffer_is_gone) {
            found(if changed.buffer_is_gone { Kind::BufferFreed } else { Kind::BufferChanged }, address);
        }
        if let Some(request) = self.queues.at_mut(place).request_mut(num) {
            request.proof = Proof::default(); // once is enough
        }
    }

    /// A call comes from a function whose stack begins at `stack`: local variables below are gone.
    pub(crate) fn returned(&mut self, caller: Caller, stack: usize, findings: &mut Findings) {
        for (address, (place, num)) in self.statuses.take_gone(caller.thread, stack, &self.queues) {
            let (first, second) = (Some(self.queues.side(place, num, None)), Some(caller.side(None)));
            let detail = format!("the variable was at {address:#x}");
            findings.push(Finding { kind: Kind::StatusScope, first, second, detail });
            if let Some(request) = self.queues.at_mut(place).request_mut(num) {
                (request.proof.status, request.status) = (None, 0); // nothing is to be written there
            }
        }
    }

    pub(crate) fn side_of(&self, open: &Open) -> Side {
        let uses = Some(self.names.uses(open));
        if open.num < CALLS {
            return self.queues.side(open.place, open.num, uses);
        }
        let caller = self.calls.iter().find(|(num, _)| *num == open.num).map(|(_, caller)| *caller);
        let caller = caller.unwrap_or(Caller { call: "a blocking call", thread: 0 });
        caller.side(uses)
    }
}
