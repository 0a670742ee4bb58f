//! Requests at their end: whether the memory of the program is still what it was when they were submitted.

use std::sync::Arc;

use sim_check::checker::{Changed, Checker};
use sim_check::queues::Proof;
use sim_core::recorder::Record;
use sim_core::request::{Answer, Request, Work};
use sim_core::seq::Seq;

use super::{probe, tell};

/// Hears of each request as it ends, before the program can.
pub(crate) struct Watch {
    pub(super) checker: Arc<Checker>,
}

/// The status variable of `request`, which is there: its address, and what stands there.
pub(super) fn status(request: &Request) -> Option<(usize, u32)> {
    match &request.answer {
        Answer::Word(word) => Some((word.address(), word.look())),
        _ => None,
    }
}

/// The source buffer of `request`, which is there: its address, its length, and the sum of its bytes.
pub(super) fn source(request: &Request) -> Option<(usize, usize, u64)> {
    match &request.work {
        Work::Write { from, .. } => Some((from.address(), from.len(), probe::sum(*from))),
        _ => None,
    }
}

/// Both in one word, which a request carries to its end.
pub(super) fn seal(proof: &Proof) -> u64 {
    let (word, sum) = (proof.status.map_or(0, |(_, word)| word), proof.buffer.map_or(0, |(.., sum)| sum));
    sum.rotate_left(1) ^ u64::from(word)
}

impl Watch {
    /// A request has ended, and nobody knows yet. Says whether its status may be written.
    pub(crate) fn ended(&self, record: &Record, request: &Request) -> bool {
        let (unit, num) = Seq::decode(record.seq.raw()).expect("an id of ours");
        let has_place = self.checker.has_place(unit, num);
        let now = Proof {
            status: if has_place { status(request) } else { None },
            // What the request itself has read a moment ago is still there.
            buffer: if record.status.has_run() { source(request) } else { None },
            is_late: false,
        };
        let mut changed = Changed::default();
        if seal(&now) != request.seal
            && let Some(before) = self.checker.proof(unit, num)
        {
            changed.status = before.status.zip(now.status).is_some_and(|(before, now)| before != now);
            changed.buffer = before.buffer.zip(now.buffer).is_some_and(|(before, now)| before != now);
        }
        tell(self.checker.completed(unit, num, record.status, changed));
        has_place
    }
}
