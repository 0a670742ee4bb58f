//! What a rule cannot mean: verdicts that are not possible where it is asked, and limits that nothing meets.

use super::keys::list;
use super::problem::Objection;
use super::reach::{Limit, limits, of_place, of_unit};
use super::rule::{Delay, Operation, Place, Rule, Signalling, Trigger, Verdict};
use crate::seq::UnitKind;
use crate::status::Status;
use crate::time::Nanos;
use crate::timing::Timing;

/// The most NaN or wrong bits, and the largest factor of a delay.
const MOST: u32 = 1_000_000;

/// The most queues that a unit of any kind has.
const QUEUES_MAX: u8 = 3;

/// Verdicts that are possible at a place.
const fn verdicts(place: Place) -> &'static [&'static str] {
    match place {
        Place::Submit => &["status", "full"],
        Place::Start => &["status", "hang", "late", "slow", "stuck"],
        Place::Finish => &["status", "never", "nan", "flip", "torn"],
        Place::Collective => &["status", "hang", "late", "slow", "stuck", "never", "flip", "torn"],
        Place::TensorRead | Place::TensorWrite | Place::TensorCopy => {
            &["status", "late", "slow", "flip", "torn"]
        }
        Place::Event => &["signal"],
        Place::Allocate | Place::Load => &["status"],
        Place::Init => &["status", "core-busy"],
    }
}

/// Whether something can end with `status` at `place`.
fn can_end(place: Place, status: Status) -> bool {
    use Status::{FailHostMemAlloc, Failure, Invalid, LoadNotEnoughNc};
    use Status::{QueueFull, Resource, UnsupportedNeffVersion};
    match place {
        Place::Submit => matches!(status, Failure | Invalid | Resource | QueueFull) || status.is_fatal(),
        Place::Start => !status.has_run(),
        Place::Allocate => matches!(status, Failure | Resource | FailHostMemAlloc),
        Place::Load => {
            let by_model = matches!(status, LoadNotEnoughNc | UnsupportedNeffVersion);
            by_model || matches!(status, Failure | Invalid | Resource | FailHostMemAlloc)
        }
        Place::Init => matches!(status, Failure | Invalid | Resource | FailHostMemAlloc),
        _ => status != Status::Success,
    }
}

/// All that speaks against a rule by itself.
pub(super) fn objections(rule: &Rule) -> Vec<Objection> {
    let mut objections = Vec::new();
    objections.extend(place(rule));
    objections.extend(status(rule));
    objections.extend(amount(&rule.verdict));
    objections.extend(queue(rule));
    objections.extend(matcher(rule));
    objections.extend(size(rule));
    objections.extend(counts(rule));
    objections.extend(trigger(rule.place, &rule.trigger));
    objections.extend(persistence(rule));
    objections
}

fn place(rule: &Rule) -> Option<Objection> {
    let key = rule.verdict.key();
    let possible = verdicts(rule.place);
    (!possible.contains(&key)).then(|| {
        let elsewhere = Place::ALL.into_iter().filter(|place| verdicts(*place).contains(&key));
        let wrong = format!("{key} is not possible at place = {:?}", rule.place.name());
        let places = list(elsewhere.map(Place::name));
        Objection::new(
            key,
            wrong,
            format!("it is at: {places}; possible here: {}", list(possible.iter().copied())),
        )
    })
}

fn status(rule: &Rule) -> Option<Objection> {
    let words = |status: Status| format!("{} ({})", status.name(), status.code());
    let numbers = |possible: &dyn Fn(Status) -> bool| {
        let possible = Status::ALL.into_iter().filter(|status| possible(*status));
        possible.map(|status| status.code().to_string()).collect::<Vec<_>>().join(", ")
    };
    match rule.verdict {
        Verdict::Status(status) if !can_end(rule.place, status) => {
            let why = if rule.place == Place::Start && status.has_run() {
                ": it says that the run completed, so write place = \"finish\""
            } else {
                ""
            };
            let wrong = format!("{} is not possible at place = {:?}{why}", words(status), rule.place.name());
            let possible = numbers(&|status| can_end(rule.place, status));
            Some(Objection::new("status", wrong, format!("possible here: {possible}")))
        }
        Verdict::Hang(status) if !status.is_fatal() => {
            let wrong = format!("a hang kills the unit, and {} does not", words(status));
            let fatal = numbers(&Status::is_fatal);
            Some(Objection::new("hang", wrong, format!("write true or one of: {fatal}")))
        }
        _ => None,
    }
}

/// Verdicts that do nothing, or more than can be.
fn amount(verdict: &Verdict) -> Option<Objection> {
    let most = format!("write 1 to {MOST}");
    let (wrong, expected) = match *verdict {
        Verdict::Nan(count) | Verdict::Flip(count) if !(1..=MOST).contains(&count) => {
            (format!("{} = {count}", verdict.key()), most)
        }
        Verdict::Late(Delay::Factor(factor)) if !(factor > 1.0 && factor <= MOST.into()) => {
            (format!("slow = {factor}"), format!("write a factor above 1 and at most {MOST}, such as 3.0"))
        }
        Verdict::Late(Delay::By(Timing::Fixed(Nanos(0)) | Timing::Range { max: Nanos(0), .. }))
        | Verdict::Signal(Signalling::Late(Nanos(0))) => {
            ("late by 0 is not late".into(), "write a duration such as \"2ms\"".into())
        }
        Verdict::Full { capacity: None, attempts: 0 } => {
            ("attempts = 0 refuses nothing".into(), "write 1 or more".into())
        }
        _ => return None,
    };
    Some(Objection::new(verdict.key(), wrong, expected))
}

fn queue(rule: &Rule) -> Option<Objection> {
    let queue = rule.matcher.queue?;
    let (whose, queues) = match rule.matcher.kind {
        Some(kind) => (format!("unit = {:?}", kind.name()), kind.queues()),
        None => ("a unit".into(), QUEUES_MAX),
    };
    (queue >= queues).then(|| {
        let expected = match queues {
            1 => "write queue = 0".into(),
            queues => format!("write queue = 0 to {}", queues - 1),
        };
        Objection::new("queue", format!("{whose} has no queue {queue}"), expected)
    })
}

/// The first two things in a rule that never fit together.
fn matcher(rule: &Rule) -> Option<Objection> {
    let limits = limits(rule);
    let meet = |one: &Limit, other: &Limit| one.operations.iter().any(|it| other.operations.contains(it));
    let is_known = |limit: &&Limit| !limit.operations.is_empty();
    let mut pairs = limits
        .iter()
        .enumerate()
        .flat_map(|(index, later)| limits[..index].iter().map(move |earlier| (earlier, later)));
    let (earlier, later) =
        pairs.find(|(earlier, later)| is_known(earlier) && is_known(later) && !meet(earlier, later))?;
    let names = list(earlier.operations.iter().map(|operation| operation.name()));
    let wrong = format!("{} never fits {}, which is for {names}", later.words, earlier.words);
    Some(Objection::new(later.key, wrong, instead(rule, earlier, later)))
}

/// What can be written instead of two things that never fit.
fn instead(rule: &Rule, earlier: &Limit, later: &Limit) -> String {
    let fits = |operations: &[Operation], limit: &Limit| {
        operations.iter().any(|operation| limit.operations.contains(operation))
    };
    let either = |key: &str, names: Vec<&str>| match names[..] {
        [] => String::new(),
        _ => format!(
            ", or write {key} = {}",
            names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(" or ")
        ),
    };
    let mut advice = format!("leave {} out", later.key);
    if later.key == "unit" {
        let kinds = UnitKind::ALL.into_iter().filter(|kind| fits(of_unit(*kind), earlier));
        advice += &either("unit", kinds.map(UnitKind::name).collect());
    }
    if later.key == "operation" && earlier.key != "place" {
        advice += &either("operation", earlier.operations.iter().map(|operation| operation.name()).collect());
    }
    if earlier.key == "place" {
        let possible = |place: &Place| {
            let status = match rule.verdict {
                Verdict::Status(status) => can_end(*place, status),
                _ => true,
            };
            status && verdicts(*place).contains(&rule.verdict.key()) && fits(of_place(*place), later)
        };
        advice += &either("place", Place::ALL.into_iter().filter(possible).map(Place::name).collect());
    }
    advice
}

fn size(rule: &Rule) -> Option<Objection> {
    let size = rule.matcher.size.as_ref().filter(|size| size.is_empty())?;
    let wrong = format!("size is from {} to {} bytes", size.start(), size.end());
    Some(Objection::new("size", wrong, "exchange min and max"))
}

/// Counts and spans of nothing.
fn counts(rule: &Rule) -> Vec<Objection> {
    let Trigger { nth, every, first, depth, .. } = rule.trigger;
    let lifetime = rule.lifetime.map(|lifetime| lifetime.0);
    let counts = [
        ("nth", nth, "never happens: requests are counted from 1"),
        ("every", every, "never happens: write 1 for each"),
        ("first", first, "never strikes: write 1 or more"),
        ("depth", depth, "says nothing: a request that is submitted is one itself"),
        ("times", rule.times, "never strikes: write 1 or more"),
        ("lifetime", lifetime, "never strikes: write a span such as \"10ms\""),
    ];
    let zeros = counts.into_iter().filter(|(_, count, _)| *count == Some(0));
    zeros.map(|(key, _, why)| Objection::new(key, format!("{key} = 0 {why}"), "")).collect()
}

fn trigger(place: Place, trigger: &Trigger) -> Vec<Objection> {
    let mut objections = Vec::new();
    let mut object =
        |key, wrong: String, expected: &str| objections.push(Objection::new(key, wrong, expected));
    for (key, other) in [("every", trigger.every), ("first", trigger.first)] {
        if trigger.nth.is_some() && other.is_some() {
            object(key, format!("nth and {key} do not go together"), "leave one of them out");
        }
    }
    if let Some(sequence) = &trigger.sequence {
        if *sequence.start() == 0 {
            object("sequence", "sequence numbers begin at 1".into(), "write 1 or more");
        } else if sequence.is_empty() {
            let wrong = format!("sequence is from {} to {}", sequence.start(), sequence.end());
            object("sequence", wrong, "exchange min and max");
        }
    }
    if let Some(probability) = trigger.probability
        && !(probability > 0.0 && probability <= 1.0)
    {
        let wrong = format!("probability = {probability}");
        object("probability", wrong, "write a number above 0 and at most 1, such as 0.1");
    }
    if trigger.depth.is_some() && place != Place::Submit {
        let wrong = format!("depth is not known at place = {:?}", place.name());
        object("depth", wrong, "leave it out, or write place = \"submit\"");
    }
    objections
}

/// What outlives a process is a queue that is dead.
fn persistence(rule: &Rule) -> Option<Objection> {
    let kills = match rule.verdict {
        Verdict::Status(status) => status.is_fatal(),
        Verdict::Hang(_) => true,
        _ => false,
    };
    let has_unit = matches!(rule.place, Place::Start | Place::Finish | Place::Collective);
    (rule.persist && !(kills && has_unit)).then(|| {
        let expected = "leave it out, or write a fatal status or hang at start, finish or collective";
        Objection::new("persist", "persist without a queue that is dead", expected)
    })
}
