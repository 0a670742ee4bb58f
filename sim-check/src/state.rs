//! What the checker knows, and the rules it goes by.

use rustc_hash::FxHashMap;
use sim_core::status::Status;
use smallvec::SmallVec;

use crate::checker::{Caller, Changed, Submission};
use crate::conduct::Conduct;
use crate::failures::Failures;
use crate::finding::{Finding, Findings, Side};
use crate::kind::Kind;
use crate::memory::{Access, Accesses, Memory, Open, Owner};
use crate::names::Names;
use crate::queues::{CALLS, Proof, Queues, Request};

/// What is known of one runtime.
pub(crate) struct State {
    pub(crate) queues: Queues,
    pub(crate) memory: Memory,
    pub(crate) names: Names,
    pub(crate) conduct: Conduct,
    pub(crate) failures: Failures,
    /// The latest request that has its status there.
    statuses: FxHashMap<usize, (usize, u64)>,
    /// Status variables on stacks: thread, address, request.
    pub(crate) locals: Vec<(u32, usize, (usize, u64))>,
    /// Blocking calls under way.
    pub(crate) calls: Vec<(u64, Caller)>,
    pub(crate) next_call: u64,
    /// Requests that completed before they were entered.
    pub(crate) early: Vec<(usize, u64, Status)>,
}

impl State {
    pub(crate) fn new(queues: Queues, waits: fn() -> u64) -> State {
        State {
            queues,
            memory: Memory::default(),
            names: Names::default(),
            conduct: Conduct::new(waits),
            failures: Failures::default(),
            statuses: FxHashMap::default(),
            locals: Vec::new(),
            calls: Vec::new(),
            next_call: CALLS,
            early: Vec::new(),
        }
    }

    pub(crate) fn submitted(&mut self, num: u64, submission: Submission) -> Findings {
        self.conduct.accepted(&submission);
        let Submission { call, unit, thread, site, accesses, status, is_local, model, sets, proof } =
            submission;
        let mut findings = Findings::new();
        let place = unit.place();
        let early = self.early.iter().position(|(at, number, _)| (*at, *number) == (place, num));
        let ended = early.map(|index| self.early.swap_remove(index).2);
        if self.queues.is_over(place, num) {
            // Another thread knows it to be over by now: whatever that one has done since is in order.
            self.queues.at_mut(place).issued = self.queues.at(place).issued.max(num);
            return findings;
        }
        let mut proof = proof;
        if let (Some(status), Some((_, stands))) = (ended, &mut proof.status) {
            *stands = status.code();
        }
        let request = Request {
            has_place: true,
            call,
            thread,
            site,
            status,
            model,
            sets,
            proof,
            ended,
            accesses: Accesses::new(),
        };
        self.queues.at_mut(place).enter(num, request);
        self.enter((place, num), &accesses, &mut findings);
        if status != 0 {
            self.share((place, num), status, &mut findings);
        }
        if is_local {
            self.locals.push((thread, status, (place, num)));
        }
        findings.extend(self.failures.submitted(place, num, site, &self.queues));
        self.conduct.submitted((place, num), thread, site, &accesses, &self.queues);
        if let Some(request) = self.queues.at_mut(place).request_mut(num) {
            request.accesses = accesses;
        }
        findings
    }

    /// Enters what a request or a blocking call uses.
    pub(crate) fn enter(&mut self, (place, num): (usize, u64), accesses: &Accesses, findings: &mut Findings) {
        let mut met: SmallVec<[(Open, usize); 2]> = SmallVec::new();
        let mut touched: SmallVec<[(usize, u64); 4]> = SmallVec::new();
        for (index, access) in accesses.iter().enumerate() {
            self.memory.enter((place, num), access, &self.queues, |open| {
                if open.num < CALLS && open.owner == Owner::Host && access.writes {
                    touched.push((open.place, open.num));
                }
                if !access.writes && access.owner == Owner::Host && open.writes {
                    touched.push((place, num)); // the device may still write what this one gives
                }
                // How two threads order their blocking calls cannot be seen.
                if open.place != place && (open.num < CALLS || num < CALLS) {
                    met.push((open.clone(), index));
                }
            });
            if !access.writes && self.failures.are_any() {
                let reader = (place, num);
                findings.extend(self.failed_result(reader, access));
            } else if access.writes {
                self.failures.written(&access.bytes);
            }
        }
        for (open, index) in met {
            let access = &accesses[index];
            let finding = self.hazard(&open, (place, num), access);
            if findings.iter().all(|other| other.kind != finding.kind || other.first != finding.first) {
                findings.push(finding);
            }
        }
        for (place, num) in touched {
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

    fn failed_result(&self, (place, num): (usize, u64), access: &Access) -> Option<Finding> {
        let (writer, status, owner) = self.failures.read(&access.bytes)?;
        let reader = Open { bytes: access.bytes.clone(), writes: false, owner: access.owner, place, num };
        let uses = self.names.uses(&Open { owner, writes: true, ..reader.clone() });
        let first = Side { uses: Some(uses), ..writer };
        let detail = format!("it ended with {}", status.name());
        let second = Some(self.side_of(&reader));
        Some(Finding { kind: Kind::FailedResult, first: Some(first), second, detail })
    }

    /// A request has its status at `address`.
    fn share(&mut self, (place, num): (usize, u64), address: usize, findings: &mut Findings) {
        let Some(other) = self.statuses.insert(address, (place, num)) else { return };
        if self.queues.is_over(other.0, other.1) {
            return;
        }
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

    /// The host has learned that all up to `num` are completed.
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
        // Nothing is over before it was looked at.
        let queue = self.queues.at_mut(place);
        let up_to = num.min(queue.completed);
        let is_late = |request: &Request| {
            request.proof.is_late && (request.proof.status.is_some() || request.proof.buffer.is_some())
        };
        let late = queue.open().take_while(|(num, _)| *num <= up_to).filter(|(_, request)| is_late(request));
        let late: SmallVec<[_; 4]> = late.map(|(num, request)| (num, request.proof)).collect();
        for (num, proof) in late {
            let changed = verify(&proof);
            if changed != Changed::default() {
                self.changed((place, num), proof, changed, findings);
            }
        }
        let State { queues, statuses, failures, .. } = self;
        queues.at_mut(place).see(num, |num, request| {
            if request.status != 0 && statuses.get(&request.status) == Some(&(place, num)) {
                statuses.remove(&request.status);
            }
            if let Some(status) = request.ended {
                failures.seen((place, num), status, request);
            }
        });
        if !self.locals.is_empty() {
            let queues = &self.queues;
            self.locals.retain(|(_, _, (place, num))| !queues.is_over(*place, *num));
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
        let mut gone = Vec::new();
        let queues = &self.queues;
        self.locals.retain(|&(thread, address, (place, num))| {
            let is_gone = thread == caller.thread && address < stack;
            if is_gone && !queues.is_over(place, num) {
                let (first, second) = (Some(queues.side(place, num, None)), Some(caller.side(None)));
                let detail = format!("the variable was at {address:#x}");
                findings.push(Finding { kind: Kind::StatusScope, first, second, detail });
                gone.push((place, num));
            }
            !is_gone
        });
        for (place, num) in gone {
            if let Some(request) = self.queues.at_mut(place).request_mut(num) {
                (request.proof.status, request.has_place) = (None, false);
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
