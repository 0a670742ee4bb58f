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

/// What `request` needs of the program's memory, which is there.
pub(super) fn look(request: &Request) -> Proof {
    let mut proof = Proof::default();
    if let Work::Write { from, .. } = &request.work {
        proof.buffer = Some((from.address(), from.len(), probe::sum(*from)));
    }
    if let Answer::Word(word) = &request.answer {
        proof.status = Some((word.address(), word.look()));
    }
    proof
}

/// The same in one word, which a request carries to its end.
pub(super) fn seal(proof: &Proof) -> u64 {
    let (word, sum) = (proof.status.map_or(0, |(_, word)| word), proof.buffer.map_or(0, |(.., sum)| sum));
    sum.rotate_left(1) ^ u64::from(word)
}

impl Watch {
    /// A request has ended, and nobody knows yet. Says whether its status may be written.
    pub(crate) fn ended(&self, record: &Record, request: &Request) -> bool {
        let (unit, num) = Seq::decode(record.seq.raw()).expect("an id of ours");
        let mut changed = Changed::default();
        // What was read a moment ago by the request itself is still there.
        if record.status.has_run() {
            let now = look(request);
            if seal(&now) != request.seal
                && let Some(before) = self.checker.proof(unit, num)
            {
                changed.status = before.status.is_some() && before.status != now.status;
                changed.buffer = before.buffer.is_some() && before.buffer != now.buffer;
            }
        }
        let has_place = self.checker.has_place(unit, num);
        tell(self.checker.completed(unit, num, record.status, changed));
        has_place
    }
}
