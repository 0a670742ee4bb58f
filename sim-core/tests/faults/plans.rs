//! Plans drawn at random, whose strikes depend on nothing but seed, queue and number.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;
use sim_core::fault::{Delay, Matcher, Operation, Place, Rule, Signalling, Trigger, Verdict};
use sim_core::seq::UnitKind;
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Timing;

use crate::kit::rule;

/// Statuses that leave the unit alive.
const SOFT: [Status; 5] = [
    Status::ExecBadInput,
    Status::ExecCompletedWithNumErr,
    Status::ExecCompletedWithErr,
    Status::ExecNcBusy,
    Status::CollPending,
];
const FATAL: [Status; 4] =
    [Status::Timeout, Status::ExecHwErrNcUe, Status::ExecHwErrDmaAbort, Status::NetworkProxyFailure];

/// Whether what a plan does may depend on when a program submits, unless nothing runs meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Units may die, and queues may be full.
    Any,
    /// Neither.
    Mild,
}

fn any_delay() -> impl Strategy<Value = Verdict> {
    let timing = (1_u64..5_000, 1_u64..5_000)
        .prop_map(|(min, more)| Timing::Range { min: Nanos(min), max: Nanos(min + more) });
    let by = timing.prop_map(Delay::By);
    prop_oneof![by, (1.0_f64..9.0).prop_map(Delay::Factor)].prop_map(Verdict::Late)
}

fn any_status(kind: Kind) -> impl Strategy<Value = Verdict> {
    let all = if kind == Kind::Any { [&SOFT[..], &FATAL].concat() } else { SOFT.to_vec() };
    select(all).prop_map(Verdict::Status)
}

/// A verdict with a place where it can be meant.
fn any_verdict(kind: Kind) -> impl Strategy<Value = (Place, Verdict)> {
    let asked = select(vec![Place::Start, Place::Finish, Place::TensorCopy, Place::Collective]);
    let ends = select(vec![Place::Finish, Place::TensorRead, Place::TensorWrite, Place::TensorCopy]);
    let damage = prop_oneof![
        (1_u32..200).prop_map(Verdict::Flip),
        (1_u32..100).prop_map(Verdict::Nan),
        Just(Verdict::Torn)
    ];
    let holds = match kind {
        Kind::Any => select(vec![Verdict::Stuck, Verdict::Hang(Status::Timeout)]),
        Kind::Mild => select(vec![Verdict::Stuck]),
    };
    let refusals = match kind {
        Kind::Any => (0_u64..4).prop_map(|attempts| Verdict::Full { capacity: None, attempts }).boxed(),
        Kind::Mild => Just(Verdict::Status(Status::Resource)).boxed(),
    };
    let refuses = prop_oneof![refusals, select(&SOFT[..4]).prop_map(Verdict::Status)];
    let signals = prop_oneof![
        (1_u64..9_000).prop_map(|span| Signalling::Late(Nanos(span))),
        Just(Signalling::Twice),
        Just(Signalling::Spurious),
    ];
    prop_oneof![
        4 => (asked.clone(), any_status(kind)),
        2 => (asked.clone(), any_delay()),
        1 => (asked, holds),
        1 => ends.clone().prop_map(|place| (place, Verdict::Never)),
        3 => (ends, damage),
        2 => refuses.prop_map(|verdict| (Place::Submit, verdict)),
        2 => signals.prop_map(|signalling| (Place::Event, Verdict::Signal(signalling))),
    ]
}

fn any_matcher() -> impl Strategy<Value = Matcher> {
    let kinds = select(vec![UnitKind::Compute, UnitKind::TensorOp, UnitKind::Collectives]);
    let operations = select(vec![Operation::Read, Operation::Write, Operation::Copy, Operation::Execute]);
    let seldom = |strategy| option::weighted(0.25, strategy);
    (option::weighted(0.25, 0_u8..2), option::weighted(0.4, kinds), seldom(0_u8..2), operations, 0..4)
        .prop_map(|(core, kind, queue, operation, chance)| Matcher {
            core,
            kind,
            queue,
            operation: (chance == 0).then_some(operation),
            ..Matcher::default()
        })
}

fn any_trigger() -> impl Strategy<Value = Trigger> {
    let none = Trigger::default;
    let count = 1_u64..9;
    prop_oneof![
        3 => count.clone().prop_map(move |nth| Trigger { nth: Some(nth), ..none() }),
        2 => (count.clone(), 0_u64..9).prop_map(move |(every, after)| Trigger {
            every: Some(every),
            after: Some(after),
            ..none()
        }),
        1 => count.clone().prop_map(move |first| Trigger { first: Some(first), ..none() }),
        1 => (1_u64..20, 0_u64..5).prop_map(move |(from, more)| Trigger {
            sequence: Some(from..=from + more),
            ..none()
        }),
        3 => (0.05_f64..1.0).prop_map(move |odds| Trigger { probability: Some(odds), ..none() }),
    ]
}

/// Up to so many rules, of which some last until another strikes.
pub(crate) fn any_rules(kind: Kind, most: usize) -> impl Strategy<Value = Vec<Rule>> {
    let limits = (option::weighted(0.3, 1_u64..4), option::weighted(0.2, any::<usize>()));
    let one = (any_verdict(kind), any_matcher(), any_trigger(), limits);
    vec(one, 0..=most).prop_map(|drawn| {
        let count = drawn.len();
        let named = |place: usize| format!("rule {place}");
        let built =
            drawn.into_iter().enumerate().map(|(at, ((place, verdict), matcher, trigger, limits))| {
                let (times, until) = limits;
                let until = until.map(|other| other % count).filter(|other| *other != at).map(named);
                let trigger = Trigger { until, ..trigger };
                Rule { name: named(at), matcher, trigger, times, ..rule(place, verdict) }
            });
        built.collect()
    })
}
