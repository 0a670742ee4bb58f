//! Rules that are well formed, but cannot be meant: impossible ones, and those that others stand in the way of.

use super::problem::{Problems, unknown};
use super::rule::{Operation, Place, Rule, Side, Verdict};
use super::text::Placed;
use crate::seq::UnitKind;
use crate::status::Status;

/// Notes what is wrong with `rules`, each of which can be read.
pub(super) fn plan(problems: &mut Problems<'_>, rules: &[Placed]) {
    let names: Vec<&str> = rules.iter().map(|placed| placed.rule.name.as_str()).collect();
    for (at, Placed { rule, span }) in rules.iter().enumerate() {
        let mut wrong = |what: String| problems.add(span.clone(), Some(&rule.name), what);
        [verdict(rule), matcher(rule), trigger(rule), limits(rule)]
            .into_iter()
            .flatten()
            .for_each(&mut wrong);
        if let Some(until) = &rule.trigger.until {
            match rules.iter().find(|other| other.rule.name == *until) {
                None => wrong(format!("until: {}", unknown("rule", until, &names))),
                Some(other) if other.rule.name == rule.name => {
                    wrong("until: a rule cannot end itself; `times` does that".into());
                }
                Some(other) if other.rule.place.side() != rule.place.side() => wrong(format!(
                    "until: \"{until}\" is asked at {}, this rule at {}; they do not know of each other there",
                    other.rule.place.name(),
                    rule.place.name()
                )),
                Some(_) => {}
            }
        }
        if let Some(earlier) = rules[..at].iter().find(|earlier| hides(&earlier.rule, rule)) {
            wrong(format!(
                "it never decides: \"{}\" before it strikes everything that it is for",
                earlier.rule.name
            ));
        }
    }
}

/// What the verdict cannot be at that place.
fn verdict(rule: &Rule) -> Option<String> {
    let place = rule.place.name();
    match (&rule.verdict, rule.place) {
        (Verdict::Status(status), _) => at_place(*status, rule.place),
        (Verdict::Hang(status), Place::Start | Place::Collective) if !status.is_fatal() => Some(format!(
            "hang = {}: what hangs ends with a status that kills the unit, such as 5",
            status.code()
        )),
        (Verdict::Hang(_) | Verdict::Stuck, Place::Start | Place::Collective)
        | (Verdict::Late(_), Place::Start | Place::Collective)
        | (Verdict::Late(_), Place::TensorRead | Place::TensorWrite | Place::TensorCopy)
        | (Verdict::Never, Place::Finish | Place::Collective)
        | (Verdict::Nan(_), Place::Finish)
        | (Verdict::Flip(_) | Verdict::Torn, Place::Finish | Place::Collective)
        | (Verdict::Flip(_) | Verdict::Torn, Place::TensorRead | Place::TensorWrite | Place::TensorCopy)
        | (Verdict::Full { .. }, Place::Submit)
        | (Verdict::Signal(_), Place::Event)
        | (Verdict::CoreBusy, Place::Init) => None,
        (verdict, _) => {
            let places = match verdict {
                Verdict::Hang(_) | Verdict::Stuck => "start and collective",
                Verdict::Late(_) => "start, collective and tensor-*",
                Verdict::Never => "finish and collective",
                Verdict::Nan(_) => "finish",
                Verdict::Flip(_) | Verdict::Torn => "finish, collective and tensor-*",
                Verdict::Full { .. } => "submit",
                Verdict::Signal(_) => "event",
                Verdict::CoreBusy => "init",
                Verdict::Status(_) => "any place",
            };
            Some(format!("place = \"{place}\": this verdict is possible at {places} only"))
        }
    }
}

/// What a status cannot be at that place.
fn at_place(status: Status, place: Place) -> Option<String> {
    let code = status.code();
    let of = |allowed: &[u32]| {
        let list: Vec<String> = allowed.iter().map(u32::to_string).collect();
        let expected = list.join(", ");
        (!allowed.contains(&code))
            .then(|| format!("status = {code} is not what happens at {}; expected {expected}", place.name()))
    };
    match place {
        Place::Allocate => of(&[1, 4, 11]),
        Place::Load => of(&[1, 2, 4, 9, 10, 11]),
        Place::Init => of(&[1, 2, 4, 11]),
        Place::Submit if !status.is_fatal() => of(&[1, 2, 4, 7]),
        Place::Start if status.has_run() => {
            Some(format!("status = {code} says that the request has done its work; write place = \"finish\""))
        }
        Place::Event => Some("status: a signal has none; expected signal = …".into()),
        _ if matches!(status, Status::QueueFull | Status::Closed | Status::Uninitialized)
            && place != Place::Submit =>
        {
            Some(format!("status = {code} answers a call; no request ends with it"))
        }
        _ => None,
    }
}

/// What a rule cannot be for.
fn matcher(rule: &Rule) -> Option<String> {
    let (place, matcher) = (rule.place, &rule.matcher);
    let name = place.name();
    if let (Some(kind), Some(queue)) = (matcher.kind, matcher.queue)
        && queue >= kind.queues()
    {
        return Some(format!("queue = {queue}: {} has queues 0 to {}", kind.name(), kind.queues() - 1));
    }
    if place.side() == Side::Call && (matcher.kind.is_some() || matcher.queue.is_some()) {
        return Some(format!("unit, queue: what happens at {name} is on no queue; leave them out"));
    }
    if place == Place::Init && matcher.core.is_some() {
        return Some("core: nrt_init is for all cores; leave it out".into());
    }
    if matcher.model.is_some() && !is_for(rule, &[Operation::Execute, Operation::Load]) {
        return Some("model: only runs and loads have one".into());
    }
    if matcher.tensor.is_some()
        && is_for_none_but(rule, &[Operation::Load, Operation::Init, Operation::Collective])
    {
        return Some(format!("tensor: what happens at {name} has no tensor with a name"));
    }
    if let (Some(one), Some(other)) = (place.operation(), matcher.operation)
        && one != other
    {
        return Some(format!("operation = \"{}\" does not happen at {name}", other.name()));
    }
    if let Some(Operation::Allocate | Operation::Load | Operation::Init) = matcher.operation
        && place.side() != Side::Call
    {
        return Some(format!(
            "operation: no request does that; write place = \"{}\"",
            matcher.operation?.name()
        ));
    }
    if let (Some(kind), Some(operation)) = (matcher.kind, place.operation().or(matcher.operation))
        && !does(kind, operation)
    {
        return Some(format!(
            "unit = \"{}\": it never does what is called {}",
            kind.name(),
            operation.name()
        ));
    }
    if matches!(rule.verdict, Verdict::Nan(_)) && !is_for(rule, &[Operation::Execute]) {
        return Some("nan: only runs of models compute numbers; write unit = \"compute\"".into());
    }
    None
}

/// Whether units of `kind` do `operation`.
fn does(kind: UnitKind, operation: Operation) -> bool {
    match kind {
        UnitKind::TensorOp => matches!(operation, Operation::Read | Operation::Write | Operation::Copy),
        UnitKind::Compute => operation == Operation::Execute,
        UnitKind::Collectives => operation == Operation::Collective,
        UnitKind::TensorRead => operation == Operation::Read,
        UnitKind::TensorWrite => operation == Operation::Write,
    }
}

/// Whether the rule can be for one of `operations`.
fn is_for(rule: &Rule, operations: &[Operation]) -> bool {
    operations.iter().any(|operation| {
        let is_request = !matches!(operation, Operation::Allocate | Operation::Load | Operation::Init);
        let happens = match rule.place.operation() {
            Some(one) => one == *operation,
            None => is_request,
        };
        happens
            && rule.matcher.operation.is_none_or(|wanted| wanted == *operation)
            && rule.matcher.kind.is_none_or(|kind| does(kind, *operation))
    })
}

fn is_for_none_but(rule: &Rule, operations: &[Operation]) -> bool {
    Operation::ALL
        .into_iter()
        .filter(|operation| is_for(rule, &[*operation]))
        .all(|one| operations.contains(&one))
}

/// What a trigger cannot wait for.
fn trigger(rule: &Rule) -> Option<String> {
    let (trigger, place) = (&rule.trigger, rule.place);
    if trigger.nth.is_some() && (trigger.every.is_some() || trigger.first.is_some()) {
        return Some("nth is one request, every and first are many: leave nth or the others out".into());
    }
    if let (Some(every), Some(first)) = (trigger.every, trigger.first)
        && every > first
    {
        return Some(format!("every = {every} never comes within first = {first}"));
    }
    if trigger.depth.is_some() && place != Place::Submit {
        return Some("depth is known where requests are submitted; write place = \"submit\"".into());
    }
    if trigger.sequence.is_some() && place.side() == Side::Call {
        return Some(format!(
            "sequence: what happens at {} has no sequence number; nth counts it",
            place.name()
        ));
    }
    None
}

fn limits(rule: &Rule) -> Option<String> {
    let is_fatal = match rule.verdict {
        Verdict::Status(status) | Verdict::Hang(status) => status.is_fatal(),
        _ => false,
    };
    let is_request = matches!(rule.place, Place::Start | Place::Finish | Place::Collective);
    (rule.persist && !(is_fatal && is_request)).then(|| {
        "persist: only a unit that is dead stays so for later processes; give a fatal status or hang, at start, finish \
         or collective"
            .into()
    })
}

/// Whether `earlier` strikes whatever `later` is for, so that `later` never decides.
fn hides(earlier: &Rule, later: &Rule) -> bool {
    fn covers<T: PartialEq>(wide: &Option<T>, narrow: &Option<T>) -> bool {
        wide.is_none() || wide == narrow
    }
    let has_no_limit = earlier.times.is_none() && earlier.lifetime.is_none();
    let is_asked_always = earlier.place == later.place
        || earlier.place == Place::Finish && later.place != Place::Start && later.place.side() == Side::Unit
        || earlier.place == Place::Start && later.place == Place::Collective;
    let (wide, narrow) = (&earlier.matcher, &later.matcher);
    earlier.phase() == later.phase()
        && is_asked_always
        // Those of tensors are asked by calls as well, which requests do not hide.
        && (later.place.operation().is_none() || earlier.place == later.place || later.place == Place::Collective)
        && has_no_limit
        && earlier.trigger == super::rule::Trigger::default()
        && covers(&wide.core, &narrow.core)
        && covers(&wide.kind, &narrow.kind)
        && covers(&wide.queue, &narrow.queue)
        && covers(&wide.model, &narrow.model)
        && covers(&wide.tensor, &narrow.tensor)
        && covers(&wide.operation, &narrow.operation)
        && covers(&wide.size, &narrow.size)
        && covers(&wide.rank, &narrow.rank)
}
