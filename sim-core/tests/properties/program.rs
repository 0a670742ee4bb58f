//! Programs: lists of operations, and the faults they meet.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sim_core::seq::{UnitId, UnitKind};
use sim_core::status::Status;

/// Bytes of each tensor and each buffer of the program.
pub(crate) const LEN: usize = 64;
/// The first so many memories are tensors, the others are buffers of the program.
pub(crate) const TENSORS: usize = 4;
pub(crate) const BUFFERS: usize = 3;
/// How many requests a compute queue takes.
pub(crate) const DEPTH: u64 = 8;
/// The units that programs use: all kinds, two queues of one kind, two cores of one kind.
pub(crate) const UNITS: [UnitId; 6] = [
    UnitId { core: 0, kind: UnitKind::Compute, queue: 0 },
    UnitId { core: 0, kind: UnitKind::TensorOp, queue: 0 },
    UnitId { core: 0, kind: UnitKind::TensorOp, queue: 1 },
    UnitId { core: 1, kind: UnitKind::Compute, queue: 0 },
    UnitId { core: 1, kind: UnitKind::Collectives, queue: 2 },
    UnitId { core: 1, kind: UnitKind::TensorWrite, queue: 0 },
];
/// The statuses that end a unit, from the table in the specification, not from the engine.
pub(crate) const FATAL: [u32; 11] = [5, 6, 101, 1006, 1200, 1201, 1202, 1203, 1204, 1205, 1206];
/// The statuses of requests that have done their work.
pub(crate) const DONE: [u32; 3] = [0, 1003, 1004];

/// What the program does next.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Submit { unit: usize, what: What, from: usize, to: usize, at: [usize; 2], len: usize },
    Step,
    Look { unit: usize },
    Ask { unit: usize, num: u64 },
    Wait { unit: usize, num: u64 },
    Listen { unit: usize, num: u64 },
    Forget { key: usize },
    ListenToEach { unit: usize, on: bool },
    Scribble { buffer: usize, value: u8 },
}

/// The kind of work of a submission.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    Read,
    Write,
    Copy,
    Execute,
}

/// A fault: unit, number, status.
pub(crate) type Fault = (usize, u64, Status);

pub(crate) fn any_op() -> impl Strategy<Value = Op> {
    let unit = || 0..UNITS.len();
    let what = prop_oneof![Just(What::Read), Just(What::Write), Just(What::Copy), Just(What::Execute)];
    let submit = (unit(), what, any::<u8>(), any::<u8>(), any::<[u8; 2]>(), any::<u8>());
    let submit = submit.prop_map(|(unit, what, from, to, at, len)| Op::Submit {
        unit,
        what,
        from: from.into(),
        to: to.into(),
        at: at.map(usize::from),
        len: len.into(),
    });
    prop_oneof![
        12 => submit,
        3 => Just(Op::Step),
        2 => unit().prop_map(|unit| Op::Look { unit }),
        1 => (unit(), 0_u64..64).prop_map(|(unit, num)| Op::Ask { unit, num }),
        1 => (unit(), 0_u64..64).prop_map(|(unit, num)| Op::Wait { unit, num }),
        3 => (unit(), 0_u64..64).prop_map(|(unit, num)| Op::Listen { unit, num }),
        2 => (0_usize..64).prop_map(|key| Op::Forget { key }),
        2 => (unit(), any::<bool>()).prop_map(|(unit, on)| Op::ListenToEach { unit, on }),
        2 => (0..BUFFERS, any::<u8>()).prop_map(|(buffer, value)| Op::Scribble { buffer, value }),
    ]
}

pub(crate) fn any_faults() -> impl Strategy<Value = Vec<Fault>> {
    let status = select(&Status::ALL[1..]);
    vec((0..UNITS.len(), 1_u64..8, status), 0..4)
}

/// A fixed program of many operations.
pub(crate) fn script() -> Vec<Op> {
    let tree = vec(any_op(), 200).new_tree(&mut TestRunner::deterministic());
    tree.expect("nothing is filtered").current()
}
