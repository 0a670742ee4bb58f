//! What a run did, from what the library left: requests, reads, refusals, findings.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Serialize;
use sim_check::kind::Kind;
use sim_check::record::Record;
use sim_core::seq::{Seq, UnitId, UnitKind};
use sim_models::trail::{Event, Means};

use crate::report::Report;

/// A run as the library saw it.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// One for each call of `nrt_init`.
    pub(super) sessions: Vec<Session>,
    /// What the checker found.
    pub(super) findings: Vec<Record>,
    /// How often faults of the plan had an effect.
    pub(super) fired: u64,
    /// Processes that loaded the library.
    pub(super) processes: usize,
}

/// From an `nrt_init` to the close that follows, or the end of the process.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// What the variable of implicit async mode was then.
    pub(super) variable: Option<String>,
    pub(super) is_open: bool,
    pub(super) is_implicit: bool,
    pub(super) is_closed: bool,
    /// Whether more has happened than is told.
    pub(super) is_cut: bool,
    /// By queue, in the order of their numbers.
    pub(super) queues: BTreeMap<UnitId, BTreeMap<u64, Request>>,
    /// Calls that failed: the function, the status, and how often at least.
    pub(super) refused: Vec<(String, u32, u64)>,
    /// Calls of `nrt_execute`.
    pub(super) runs: u64,
    /// What the program was given of tensors, in order: name, bytes, sum.
    pub(super) reads: Vec<(String, u64, u64)>,
    /// Whether an eventfd was registered.
    pub(super) listens: bool,
}

/// A request that was accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Request {
    /// When it was submitted; none for a run of `nrt_execute`.
    pub(super) submitted: Option<u64>,
    pub(super) begins: Option<u64>,
    pub(super) ends: Option<u64>,
    pub(super) status: Option<u32>,
    /// How the program learned of its completion first, and when.
    pub(super) seen: Option<(Means, u64)>,
}

impl Story {
    /// Reads what was left in `folder`. What is damaged is left out: the process may have been killed.
    pub(super) fn read(folder: &Path) -> Story {
        let report = Report::read(folder);
        let mut story = Story { processes: report.programs.len(), ..Story::default() };
        story.fired = report.outcomes().iter().map(|outcome| outcome.counts.fired).sum();
        let mut trails: Vec<_> =
            fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        trails.retain(|path| path.extension().is_some_and(|kind| kind == "trail"));
        trails.sort();
        for path in trails {
            let text = fs::read_to_string(path).unwrap_or_default();
            story.sessions.push(Session::of(text.lines().filter_map(|line| serde_json::from_str(line).ok())));
        }
        let findings = fs::read_to_string(folder.join("findings")).unwrap_or_default();
        story.findings = findings.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        story
    }

    /// The suppressions that covered nothing.
    pub(super) fn unused(&self) -> Vec<&str> {
        let unused = self.findings.iter().filter(|finding| finding.kind == Kind::Unmatched.id());
        unused.map(|finding| &*finding.detail).collect()
    }

    /// All requests that were submitted with the explicit interface.
    pub(super) fn requests(&self) -> impl Iterator<Item = (UnitId, u64, &Request)> {
        let all = self.sessions.iter().flat_map(|session| &session.queues);
        let all = all.flat_map(|(unit, queue)| queue.iter().map(|(num, request)| (*unit, *num, request)));
        all.filter(|(.., request)| request.submitted.is_some())
    }

    /// How many there were.
    pub(super) fn accepted(&self) -> usize {
        self.requests().count()
    }

    /// How many times a call of the explicit interface was answered `status`, at least.
    pub(super) fn refused(&self, status: u32) -> u64 {
        let all = self.sessions.iter().flat_map(|session| &session.refused);
        all.filter(|(_, with, _)| *with == status).map(|(.., times)| times).sum()
    }

    /// Whether any call of the program reached `nrt_init` and that succeeded.
    pub(super) fn is_open(&self) -> bool {
        self.sessions.iter().any(|session| session.is_open)
    }

    /// What the program was given, without its order: threads may read in any.
    pub(super) fn reads(&self) -> Vec<&(String, u64, u64)> {
        let mut reads: Vec<_> = self.sessions.iter().flat_map(|session| &session.reads).collect();
        reads.sort();
        reads
    }

    /// The compute queue with the most requests, and how many.
    pub(super) fn busiest(&self) -> Option<(UnitId, u64)> {
        let queues = self.sessions.iter().flat_map(|session| &session.queues);
        let compute = queues.filter(|(unit, _)| unit.kind == UnitKind::Compute);
        compute.map(|(unit, queue)| (*unit, queue.len() as u64)).max_by_key(|(_, count)| *count)
    }

    /// The most requests of one queue that were in flight at once, in simulated time.
    pub(super) fn in_flight(&self) -> usize {
        let queues = self.sessions.iter().flat_map(|session| session.queues.values());
        let deepest = |queue: &BTreeMap<u64, Request>| {
            let requests: Vec<_> =
                queue.values().filter_map(|request| Some((request.submitted?, request.seen))).collect();
            let open = |at: &u64| {
                requests
                    .iter()
                    .filter(|(from, seen)| from <= at && seen.is_none_or(|(_, until)| until > *at))
                    .count()
            };
            requests.iter().map(|(at, _)| open(at)).max().unwrap_or(0)
        };
        queues.map(deepest).max().unwrap_or(0)
    }
}

impl Session {
    fn of(events: impl Iterator<Item = Event>) -> Session {
        let mut session = Session::default();
        let mut seen: Vec<(UnitId, u64, Means, u64)> = Vec::new();
        let mut listens: Vec<(UnitId, Option<u64>)> = Vec::new();
        for event in events {
            match event {
                Event::Init { variable } => session.variable = variable,
                Event::Open { is_implicit } => (session.is_open, session.is_implicit) = (true, is_implicit),
                Event::Submit { seq, at } => session.request(seq, |request| request.submitted = Some(at)),
                Event::End { seq, begins, ends, status } => session.request(seq, |request| {
                    (request.begins, request.ends, request.status) = (Some(begins), Some(ends), Some(status));
                }),
                Event::Refused { call, status, times } => {
                    match session.refused.last_mut() {
                        // The same row, told of again.
                        Some(last) if times > 1 && (&last.0, last.1) == (&call, status) => last.2 = times,
                        _ => session.refused.push((call, status, times)),
                    }
                }
                Event::Seen { seq, by, at } => {
                    seen.extend(Seq::decode(seq).map(|(unit, num)| (unit, num, by, at)));
                }
                Event::Listen { seq, is_for_all } => {
                    session.listens = true;
                    listens.extend(Seq::decode(seq).map(|(unit, num)| (unit, (!is_for_all).then_some(num))));
                }
                Event::Run { .. } => session.runs += 1,
                Event::Read { tensor, bytes, sum, .. } => session.reads.push((tensor, bytes, sum)),
                Event::Close { .. } => session.is_closed = true,
                Event::Cut => session.is_cut = true,
            }
        }
        session.learn(&seen, &listens);
        session
    }

    fn request(&mut self, seq: u64, change: impl FnOnce(&mut Request)) {
        if let Some((unit, num)) = Seq::decode(seq) {
            change(self.queues.entry(unit).or_default().entry(num).or_default());
        }
    }

    /// How each request became known to be completed: by the first event or look that shows it or one behind it.
    fn learn(&mut self, seen: &[(UnitId, u64, Means, u64)], listens: &[(UnitId, Option<u64>)]) {
        for (unit, queue) in &mut self.queues {
            let told = |num: u64| {
                listens.iter().any(|(of, which)| of == unit && which.is_none_or(|which| which == num))
            };
            let signals: Vec<(u64, u64)> = queue
                .iter()
                .filter(|(num, _)| told(**num))
                .filter_map(|(num, request)| Some((*num, request.ends?)))
                .collect();
            for (num, request) in queue.iter_mut() {
                let look = seen.iter().find(|(of, shown, ..)| of == unit && shown >= num);
                let look = look.map(|(.., by, at)| (*by, *at));
                let signal =
                    signals.iter().find(|(shown, _)| shown >= num).map(|(_, at)| (Means::Event, *at));
                request.seen = [signal, look].into_iter().flatten().min_by_key(|(_, at)| *at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::seq::{Seq, UnitId, UnitKind};
    use sim_models::trail::{Event, Means};

    use super::Session;

    const UNIT: UnitId = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };

    fn seq(num: u64) -> u64 {
        Seq::new(UNIT, num).raw()
    }

    #[test]
    fn a_look_shows_what_was_before_it_as_well() {
        let end = |num, ends| Event::End { seq: seq(num), begins: ends - 1, ends, status: 0 };
        let session = Session::of(
            [
                Event::Init { variable: None },
                Event::Open { is_implicit: false },
                end(1, 5), // told before its submission
                Event::Submit { seq: seq(1), at: 0 },
                Event::Submit { seq: seq(2), at: 0 },
                Event::Submit { seq: seq(3), at: 0 },
                Event::Listen { seq: seq(1), is_for_all: false },
                end(2, 6),
                Event::Seen { seq: seq(2), by: Means::Sequence, at: 7 },
                end(3, 9),
            ]
            .into_iter(),
        );
        let seen: Vec<_> = session.queues[&UNIT].values().map(|request| request.seen).collect();
        assert_eq!(seen, [Some((Means::Event, 5)), Some((Means::Sequence, 7)), None]);
    }

    #[test]
    fn refusals_in_a_row_are_counted_once() {
        let refused = |times| Event::Refused { call: "nrta_execute_schedule".into(), status: 7, times };
        let session = Session::of([refused(1), refused(2), refused(4), refused(1)].into_iter());
        let counts: Vec<u64> = session.refused.iter().map(|(.., times)| *times).collect();
        assert_eq!(counts, [4, 1]);
    }
}
