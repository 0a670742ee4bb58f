//! Rules of every kind.

use sim_core::fault::{Delay, Matcher, Operation, Place, Rule, Signalling, Trigger, Verdict};
use sim_core::seq::UnitKind;
use sim_core::status::Status;
use sim_core::time::Nanos;
use sim_core::timing::Timing;
use wildmatch::WildMatch;

use super::luck::Luck;

/// Statuses that leave the unit alive.
const SOFT: [Status; 6] = [
    Status::ExecBadInput,
    Status::ExecCompletedWithNumErr,
    Status::ExecCompletedWithErr,
    Status::ExecNcBusy,
    Status::CollPending,
    Status::Resource,
];
const FATAL: [Status; 5] = [
    Status::Timeout,
    Status::ExecHwErrNcUe,
    Status::ExecHwErrDmaAbort,
    Status::ExecHwErrCollectives,
    Status::NetworkProxyFailure,
];

/// Names of models and tensors, to be found by patterns.
pub(super) const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];
const PATTERNS: [&str; 4] = ["alpha", "b*", "*a", "nobody"];

/// A rule called `name`, which may last until one of `others` strikes.
pub(super) fn draw(luck: &mut Luck, name: String, others: &[String]) -> Rule {
    let (place, verdict) = verdict(luck);
    let mut trigger = trigger(luck);
    if !others.is_empty() && luck.one_in(6) {
        trigger.until = Some(others[luck.place(others.len())].clone());
    }
    Rule {
        name,
        place,
        matcher: matcher(luck),
        trigger,
        verdict,
        times: luck.one_in(2).then(|| luck.from(1, 4)),
        lifetime: luck.one_in(8).then(|| Nanos(luck.from(1, 200_000))),
        require_fired: false,
        persist: luck.one_in(8),
    }
}

/// What a rule does, and where that can be meant.
fn verdict(luck: &mut Luck) -> (Place, Verdict) {
    let begins = [Place::Start, Place::Finish, Place::Collective, Place::TensorCopy];
    let ends = [Place::Finish, Place::TensorRead, Place::TensorWrite, Place::TensorCopy];
    match luck.below(16) {
        0 => (luck.pick(&begins), Verdict::Hang(luck.pick(&FATAL))),
        1 => (luck.pick(&begins), Verdict::Stuck),
        2 => (luck.pick(&ends), Verdict::Never),
        3 => (luck.pick(&begins), Verdict::Late(Delay::Factor(luck.pick(&[1.0, 1.5, 20.0])))),
        4 => (luck.pick(&begins), Verdict::Late(Delay::By(delay(luck)))),
        5 => (luck.pick(&ends), Verdict::Flip(luck.pick(&[1, 8, 100_000]))),
        6 => (luck.pick(&ends), Verdict::Torn),
        7 => (Place::Finish, Verdict::Nan(luck.pick(&[1, 3, 1000]))),
        8 => (Place::Submit, full(luck)),
        9 => (Place::Submit, status(luck)),
        10 => (Place::Event, Verdict::Signal(Signalling::Late(Nanos(luck.from(1, 50_000))))),
        11 => (Place::Event, Verdict::Signal(luck.pick(&[Signalling::Twice, Signalling::Spurious]))),
        12 => (luck.pick(&[Place::Allocate, Place::Load]), status(luck)),
        13 => (Place::Init, Verdict::CoreBusy),
        14 => (Place::Start, status(luck)),
        _ => (luck.pick(&ends), status(luck)),
    }
}

fn status(luck: &mut Luck) -> Verdict {
    Verdict::Status(if luck.one_in(3) { luck.pick(&FATAL) } else { luck.pick(&SOFT) })
}

fn full(luck: &mut Luck) -> Verdict {
    match luck.one_in(2) {
        true => Verdict::Full { capacity: Some(luck.from(1, 6)), attempts: 0 },
        false => Verdict::Full { capacity: None, attempts: luck.from(1, 5) },
    }
}

fn delay(luck: &mut Luck) -> Timing {
    let min = Nanos(luck.from(0, 10_000));
    match luck.below(3) {
        0 => Timing::Fixed(min),
        1 => Timing::Range { min, max: Nanos(min.0 + luck.from(1, 1_000_000)) },
        _ => Timing::LogNormal { median: Nanos(1_000), sigma: 0.5 },
    }
}

fn matcher(luck: &mut Luck) -> Matcher {
    let kinds = [UnitKind::Compute, UnitKind::TensorOp, UnitKind::Collectives, UnitKind::TensorRead];
    let operations = [Operation::Read, Operation::Write, Operation::Copy, Operation::Execute];
    Matcher {
        core: luck.one_in(5).then(|| u8::from(luck.one_in(2))),
        kind: luck.one_in(4).then(|| luck.pick(&kinds)),
        queue: luck.one_in(8).then(|| u8::from(luck.one_in(2))),
        model: luck.one_in(16).then(|| WildMatch::new(luck.pick(&PATTERNS))),
        tensor: luck.one_in(16).then(|| WildMatch::new(luck.pick(&PATTERNS))),
        operation: luck.one_in(8).then(|| luck.pick(&operations)),
        size: luck.one_in(8).then(|| 0..=luck.pick(&[64, 256, 100_000])),
        rank: luck.one_in(16).then(|| u32::from(luck.one_in(2))),
    }
}

fn trigger(luck: &mut Luck) -> Trigger {
    let mut trigger = Trigger { after: luck.one_in(4).then(|| luck.from(1, 5)), ..Trigger::default() };
    match luck.below(8) {
        0 | 1 => trigger.nth = Some(luck.from(1, 10)),
        2 => trigger.every = Some(luck.from(1, 6)),
        3 => trigger.first = Some(luck.from(1, 5)),
        4 => {
            let first = luck.from(1, 20);
            trigger.sequence = Some(first..=first + luck.below(6));
        }
        5 => trigger.at = Some(Nanos(luck.from(0, 100_000))),
        6 => trigger.depth = Some(luck.from(1, 5)),
        _ => trigger.probability = Some(luck.pick(&[0.05, 0.3, 0.9])),
    }
    trigger
}
