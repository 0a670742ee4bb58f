//! The subject of the sentence that explains a rule: which requests or calls it strikes.

use super::keys::list;
use super::name::numbers;
use super::quantity::bytes_words;
use super::rule::{Matcher, Operation, Place, Rule, Side, Trigger, Verdict};
use crate::seq::UnitKind;

/// The most that a chance can be one in.
const ODDS_MAX: f64 = 1_000_000.0;

/// "The 3rd request on compute queue 0 of core 0": one, so that what follows is in the singular.
pub(super) fn subject(rule: &Rule) -> String {
    let noun = noun(rule);
    let trigger = &rule.trigger;
    let mut subject = determiner(trigger, noun);
    subject += &of_what(rule);
    subject += &on_what(rule);
    match trigger.after {
        None | Some(0) => {}
        Some(1) => subject += " after the first",
        Some(after) => subject += &format!(" after the first {after}"),
    }
    if let Some(depth) = trigger.depth.filter(|depth| *depth > 1) {
        subject += &format!(" that would be the {} or later in its queue", ordinal(depth));
    }
    if let Some(chance) = chance(trigger)
        && is_counted(trigger)
    {
        subject += &format!(", with a chance of {chance},");
    } else if let Some(probability) = uneven(trigger) {
        subject += &format!(", with a chance of {probability},");
    }
    subject
}

/// Whether requests are counted, so that it matters where.
fn is_counted(trigger: &Trigger) -> bool {
    trigger.nth.is_some() || trigger.every.is_some_and(|every| every > 1) || trigger.first.is_some()
}

fn determiner(trigger: &Trigger, noun: Noun) -> String {
    let Noun { one, many } = noun;
    match *trigger {
        Trigger { nth: Some(nth), .. } => format!("the {} {one}", ordinal(nth)),
        Trigger { every: Some(every @ 2..), first: Some(first), .. } => {
            format!("every {} of the first {first} {many}", ordinal(every))
        }
        Trigger { every: Some(every @ 2..), .. } => format!("every {} {one}", ordinal(every)),
        Trigger { first: Some(1), .. } => format!("the 1st {one}"),
        Trigger { first: Some(first), .. } => format!("each of the first {first} {many}"),
        _ => match chance(trigger) {
            Some(chance) => format!("{chance} {many}"),
            None if uneven(trigger).is_some() => format!("any {one}"),
            None => format!("every {one}"),
        },
    }
}

/// "one in ten", if that is the probability.
fn chance(trigger: &Trigger) -> Option<String> {
    let probability = trigger.probability?;
    let odds = (1.0 / probability).round();
    let words = ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
    let word = (2_u8..).zip(words).find(|(number, _)| f64::from(*number) == odds);
    let is_whole = probability == 1.0 / odds && (2.0..=ODDS_MAX).contains(&odds);
    is_whole.then(|| word.map_or_else(|| format!("one in {odds}"), |(_, word)| format!("one in {word}")))
}

/// A probability that is not one in a whole number, and not certainty.
fn uneven(trigger: &Trigger) -> Option<f64> {
    trigger.probability.filter(|probability| *probability < 1.0 && chance(trigger).is_none())
}

/// What a rule strikes, as one and as many.
#[derive(Clone, Copy)]
struct Noun {
    one: &'static str,
    many: &'static str,
}

fn noun(rule: &Rule) -> Noun {
    let noun = |one, many| Noun { one, many };
    let is_of_runs = rule.matcher.model.is_some() || matches!(rule.verdict, Verdict::Nan(_));
    let run = is_of_runs.then_some(Operation::Execute);
    let operation = match rule.place {
        Place::Submit | Place::Start | Place::Finish | Place::Event => rule.matcher.operation.or(run),
        Place::Collective => Some(Operation::Collective),
        Place::TensorRead => Some(Operation::Read),
        Place::TensorWrite => Some(Operation::Write),
        Place::TensorCopy => Some(Operation::Copy),
        Place::Allocate => Some(Operation::Allocate),
        Place::Load => Some(Operation::Load),
        Place::Init => Some(Operation::Init),
    };
    match operation {
        None => noun("request", "requests"),
        Some(Operation::Read) => noun("read", "reads"),
        Some(Operation::Write) => noun("write", "writes"),
        Some(Operation::Copy) => noun("copy", "copies"),
        Some(Operation::Execute) => noun("run", "runs"),
        Some(Operation::Collective) => noun("collective operation", "collective operations"),
        Some(Operation::Allocate) => noun("allocation", "allocations"),
        Some(Operation::Load) => noun("load", "loads"),
        Some(Operation::Init) => noun("call of nrt_init", "calls of nrt_init"),
    }
}

/// The model, tensor, size and numbers.
fn of_what(rule: &Rule) -> String {
    let Matcher { model, tensor, size, .. } = &rule.matcher;
    let is_tensors = matches!(rule.place, Place::TensorRead | Place::TensorWrite | Place::TensorCopy)
        || matches!(rule.matcher.operation, Some(Operation::Read | Operation::Write | Operation::Copy));
    let mut words = String::new();
    match model {
        Some(model) => words += &format!(" of model {:?}", model.to_string()),
        None if rule.place == Place::Load => words += " of a model",
        None => {}
    }
    let mut with = Vec::new();
    match tensor {
        Some(tensor) if is_tensors || rule.place == Place::Allocate => {
            words += &format!(" of tensor {:?}", tensor.to_string());
        }
        Some(tensor) => with.push(format!("tensor {:?}", tensor.to_string())),
        None if is_tensors => words += " of a tensor",
        None => {}
    }
    match size {
        Some(size) if rule.place == Place::Allocate => words += &format!(" of {}", bytes_words(size)),
        Some(size) => with.push(format!("{} of data", bytes_words(size))),
        None => {}
    }
    if let Some(sequence) = &rule.trigger.sequence {
        let noun = if sequence.start() == sequence.end() { "number" } else { "numbers" };
        with.push(format!("sequence {noun} {}", numbers(sequence)));
    }
    match with.split_last() {
        None => {}
        Some((last, [])) => words += &format!(" with {last}"),
        Some((last, rest)) => words += &format!(" with {} and {last}", list(rest.iter().map(String::as_str))),
    }
    words
}

/// The unit, queue, core and rank.
fn on_what(rule: &Rule) -> String {
    let Matcher { kind, core, rank, .. } = rule.matcher;
    // A unit with one queue has no other.
    let queue = rule.matcher.queue.or_else(|| kind.filter(|kind| kind.queues() == 1).map(|_| 0));
    let is_counted = is_counted(&rule.trigger);
    let each = if is_counted { "each" } else { "any" };
    let calls = rule.place.side() == Side::Call;
    let of_core = match core {
        Some(core) => format!(" of core {core}"),
        None => format!(" of {each} core"),
    };
    let of_given_core = core.map(|core| format!(" of core {core}")).unwrap_or_default();
    let name = |kind: UnitKind| kind.name();
    let mut words = match (kind, queue, core) {
        (Some(kind), Some(queue), _) => format!(" on {} queue {queue}{of_core}", name(kind)),
        (Some(kind), None, _) => format!(" on {each} {} queue{of_given_core}", name(kind)),
        (None, Some(queue), _) => format!(" on queue {queue} of {each} unit{of_given_core}"),
        (None, None, Some(core)) if calls || !is_counted => format!(" on core {core}"),
        (None, None, _) if is_counted && rule.place != Place::Init => {
            format!(" on each {}{of_given_core}", if calls { "core" } else { "queue" })
        }
        _ => String::new(),
    };
    if let Some(rank) = rank {
        words += &format!(" in the process of rank {rank}");
    }
    words
}

/// Where strikes are counted: "on each queue", or nothing if there is only one such place.
pub(super) fn each_place(rule: &Rule) -> &'static str {
    let Matcher { kind, core, queue, .. } = rule.matcher;
    let has_queue = queue.is_some() || kind.is_some_and(|kind| kind.queues() == 1);
    match rule.place {
        Place::Init => "",
        Place::Allocate | Place::Load if core.is_some() => "",
        Place::Allocate | Place::Load => " on each core",
        _ if core.is_some() && kind.is_some() && has_queue => "",
        _ => " on each queue",
    }
}

pub(super) fn ordinal(number: u64) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
