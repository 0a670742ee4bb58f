//! The checker against a list of everything that ever happened: a hazard is found where there is one, and nowhere else.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest};
use sim_check::checker::{Caller, Changed, Checker, Submission};
use sim_check::finding::{Findings, Site};
use sim_check::kind::Class;
use sim_check::memory::{Access, Owner};
use sim_check::queues::Proof;
use sim_core::seq::UnitId;
use sim_core::status::Status;

const QUEUES: usize = 3;

/// Something that a program or the device does.
#[derive(Debug, Clone)]
enum Op {
    /// A request on a queue that uses bytes.
    Submit { queue: usize, start: usize, len: usize, writes: bool },
    /// The device completes so many requests of a queue.
    Complete { queue: usize, count: u64 },
    /// The host looks how far a queue has come.
    Observe { queue: usize },
    /// A blocking call uses bytes.
    Call { start: usize, len: usize, writes: bool },
}

fn any_op() -> impl Strategy<Value = Op> {
    let len = prop_oneof![9 => 1..12_usize, 1 => 12..50_usize];
    let bytes = (0..QUEUES, 0..200_usize, len, any::<bool>());
    (0..8_u8, bytes, 1..4_u64).prop_map(|(kind, (queue, start, len, writes), count)| match kind {
        0..4 => Op::Submit { queue, start, len, writes },
        4 => Op::Complete { queue, count },
        5 | 6 => Op::Observe { queue },
        _ => Op::Call { start, len, writes },
    })
}

/// What the checker does not keep: all requests.
#[derive(Default)]
struct Oracle {
    requests: Vec<(usize, u64, Range<usize>, bool)>,
    issued: [u64; QUEUES],
    completed: [u64; QUEUES],
    seen: [u64; QUEUES],
}

impl Oracle {
    fn is_hazard(&self, queue: Option<usize>, bytes: &Range<usize>, writes: bool) -> bool {
        self.requests.iter().any(|(other, num, theirs, wrote)| {
            queue != Some(*other)
                && *num > self.seen[*other]
                && (writes || *wrote)
                && theirs.start < bytes.end
                && bytes.start < theirs.end
        })
    }
}

const CALLER: Caller = Caller { call: "call", thread: 1 };

fn access(bytes: &Range<usize>, writes: bool) -> Access {
    let at = 0x1000 + bytes.start..0x1000 + bytes.end;
    Access { bytes: at, whole: 0x1000..0x1100, writes, owner: Owner::Tensor(1) }
}

fn has_error(findings: &Findings) -> bool {
    findings.iter().any(|finding| finding.kind.class() == Class::Error)
}

fn unchanged(_: &Proof) -> Changed {
    Changed::default()
}

proptest! {
    #[test]
    fn a_hazard_is_found_exactly_where_nothing_observed_orders_two_uses(ops in vec(any_op(), 0..400)) {
        let checker = Checker::new(UnitId::PER_CORE, |_| u64::MAX, || 0);
        let mut oracle = Oracle::default();
        for op in ops {
            match op {
                Op::Submit { queue, start, len, writes } => {
                    let bytes = start..start + len;
                    let wanted = oracle.is_hazard(Some(queue), &bytes, writes);
                    oracle.issued[queue] += 1;
                    let num = oracle.issued[queue];
                    oracle.requests.push((queue, num, bytes.clone(), writes));
                    let found = checker.submitted(num, &Submission {
                        call: "submit",
                        unit: UnitId::at(queue),
                        thread: 1,
                        site: Site::Unknown,
                        accesses: [access(&bytes, writes)].into_iter().collect(),
                        status: 0,
                        is_local: false,
                        model: 0,
                        sets: [0; 2],
                        proof: Proof::default(),
                    });
                    prop_assert_eq!(has_error(&found), wanted);
                }
                Op::Complete { queue, count } => {
                    for _ in 0..count.min(oracle.issued[queue] - oracle.completed[queue]) {
                        oracle.completed[queue] += 1;
                        let unit = UnitId::at(queue);
                        let num = oracle.completed[queue];
                        checker.completed(unit, num, Status::Success, Changed::default());
                    }
                }
                Op::Observe { queue } => {
                    oracle.seen[queue] = oracle.completed[queue];
                    checker.observed(UnitId::at(queue), oracle.seen[queue], CALLER, &unchanged);
                }
                Op::Call { start, len, writes } => {
                    let bytes = start..start + len;
                    let wanted = oracle.is_hazard(None, &bytes, writes);
                    let uses = [access(&bytes, writes)].into_iter().collect();
                    let (underway, found) = checker.begin(CALLER, None, uses);
                    checker.end(&underway);
                    prop_assert_eq!(has_error(&found), wanted);
                }
            }
        }
    }
}
