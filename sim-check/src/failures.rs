//! Requests that have failed, and what became of their results.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;
use sim_core::status::Status;

use crate::finding::{Finding, Findings, Side, Site};
use crate::kind::Kind;
use crate::memory::{Memory, Open, Owner};
use crate::queues::Queues;

/// Failed requests whose results are remembered.
const FAILED_MAX: usize = 64;
/// Failures in a row, each seen before the next submission, that show that nobody looks.
const IN_A_ROW: u32 = 3;

/// What a failed request should have written.
#[derive(Clone)]
pub(crate) struct Unwritten {
    pub(crate) bytes: Range<usize>,
    pub(crate) owner: Owner,
    pub(crate) writer: Side,
    pub(crate) status: Status,
}

/// A queue's failures.
#[derive(Default)]
struct Row {
    /// How many in a row were seen, each before the next submission from the same place.
    count: u32,
    last: Option<(u64, Site, Status)>,
}

#[derive(Default)]
pub(crate) struct Failures {
    unwritten: VecDeque<Unwritten>,
    rows: FxHashMap<usize, Row>,
}

impl Failures {
    pub(crate) fn are_any(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// The host has seen that a request of the queue at `place` ended well.
    pub(crate) fn succeeded(&mut self, place: usize) {
        if !self.rows.is_empty() {
            self.rows.remove(&place);
        }
    }

    /// The host sees that a request has failed with `status`; what it uses is still in `memory`.
    pub(crate) fn seen(
        &mut self,
        (place, num): (usize, u64),
        status: Status,
        queues: &Queues,
        memory: &Memory,
    ) {
        let writer = queues.side(place, num, None);
        let row = self.rows.entry(place).or_default();
        row.last = Some((num, writer.site, status));
        if status.has_run() {
            return;
        }
        let is_its = |open: &Open| (open.place, open.num) == (place, num) && open.writes;
        for Open { bytes, owner, .. } in memory.find(queues, is_its) {
            self.unwritten.push_back(Unwritten { bytes, owner, writer: writer.clone(), status });
        }
        while self.unwritten.len() > FAILED_MAX {
            self.unwritten.pop_front();
        }
    }

    /// A request was submitted from `site`: as if nothing had happened, if those before failed one by one.
    pub(crate) fn submitted(&mut self, place: usize, num: u64, site: Site, queues: &Queues) -> Findings {
        let Some(row) = self.rows.get_mut(&place) else { return Findings::new() };
        let Some((failed, from, status)) = row.last.take() else { return Findings::new() };
        if from != site {
            row.count = 0;
            return Findings::new();
        }
        row.count += 1;
        if row.count != IN_A_ROW {
            return Findings::new();
        }
        let unit = sim_core::seq::UnitId::at(place);
        let second = queues.side(place, num, None);
        let first = Side { request: Some((unit, failed)), ..second.clone() };
        let detail = format!("{IN_A_ROW} requests in a row failed, the last with {}", status.name());
        vec![Finding { kind: Kind::StatusIgnored, first: Some(first), second: Some(second), detail }]
    }

    /// Bytes are read: who should have written them, and has not.
    pub(crate) fn read(&self, bytes: &Range<usize>) -> Option<Unwritten> {
        let overlaps = |one: &&Unwritten| one.bytes.start < bytes.end && bytes.start < one.bytes.end;
        self.unwritten.iter().rev().find(overlaps).cloned()
    }

    /// Bytes are written by somebody else.
    pub(crate) fn written(&mut self, bytes: &Range<usize>) {
        self.unwritten.retain(|one| one.bytes.end <= bytes.start || bytes.end <= one.bytes.start);
    }

    /// The memory has gone.
    pub(crate) fn forget(&mut self, whole: &Range<usize>) {
        self.written(whole);
    }
}
