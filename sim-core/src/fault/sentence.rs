//! What a rule does, as a sentence.

use std::fmt::{self, Display, Formatter};

use super::quantity::{SpanWords, TimingWords};
use super::rule::{Delay, Place, Rule, Side, Signalling, Verdict};
use super::subject::{each_place, subject};
use crate::status::Status;
use crate::timing::Timing;

impl Display for Rule {
    /// One English sentence.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let sentence = format!("{}{} {}{}.", when(self), subject(self), outcome(self), bounds(self));
        let mut letters = sentence.chars();
        let first = letters.next().expect("a sentence has words").to_ascii_uppercase();
        write!(f, "{first}{}", letters.as_str())
    }
}

/// From when on and until when.
fn when(rule: &Rule) -> String {
    let place = match rule.place.side() {
        Side::Call if rule.place == Place::Init => "",
        Side::Call => " on the same core",
        Side::Submitting | Side::Unit => " on the same queue",
    };
    let from = rule.trigger.at.map(|at| format!("from {} of simulated time on", SpanWords(at)));
    let until = rule.trigger.until.as_ref().map(|name| format!("until rule {name:?} has struck{place}"));
    match (from, until) {
        (None, None) => String::new(),
        (Some(one), None) | (None, Some(one)) => format!("{one}, "),
        (Some(from), Some(until)) => format!("{from} and {until}, "),
    }
}

/// What becomes of each.
fn outcome(rule: &Rule) -> String {
    match rule.verdict {
        Verdict::Status(status) => ending(rule.place, status),
        Verdict::Hang(status) => format!("hangs until the time limit and {}", ending(Place::Finish, status)),
        Verdict::Late(Delay::By(timing @ Timing::LogNormal { .. })) => {
            format!("takes longer by {}", TimingWords(timing))
        }
        Verdict::Late(Delay::By(timing)) => format!("takes {} longer", TimingWords(timing)),
        Verdict::Late(Delay::Factor(factor)) => format!("takes {factor} times as long"),
        Verdict::Never => "does its work but never completes, so that what is behind it waits".into(),
        Verdict::Stuck => "never begins, so that what is behind it waits".into(),
        Verdict::Full { capacity: Some(0), .. } => "finds its queue full even when it is empty".into(),
        Verdict::Full { capacity: Some(1), .. } => {
            "finds its queue full as soon as 1 request is on it".into()
        }
        Verdict::Full { capacity: Some(capacity), .. } => {
            format!("finds its queue full as soon as {capacity} requests are on it")
        }
        Verdict::Full { capacity: None, attempts } => {
            let times = if attempts == 1 { "once".into() } else { format!("{attempts} times") };
            format!("is refused {times} with {} before it is let in", name(Status::QueueFull))
        }
        Verdict::Nan(1) => "writes NaN for 1 number of its outputs".into(),
        Verdict::Nan(count) => format!("writes NaN for {count} numbers of its outputs"),
        Verdict::Flip(1) => "gets 1 bit of its data wrong".into(),
        Verdict::Flip(count) => format!("gets {count} bits of its data wrong"),
        Verdict::Torn => "delivers only a first part of its data".into(),
        Verdict::Signal(Signalling::Late(span)) => {
            format!("is signalled {} after its completion", SpanWords(span))
        }
        Verdict::Signal(Signalling::Twice) => "is signalled twice".into(),
        Verdict::Signal(Signalling::Spurious) => "is signalled when it begins and again when it ends".into(),
        Verdict::CoreBusy => "finds the cores held by another process".into(),
    }
}

fn name(status: Status) -> String {
    format!("{} ({})", status.name(), status.code())
}

fn ending(place: Place, status: Status) -> String {
    let words = match place {
        Place::Submit => format!("is refused with {}", name(status)),
        Place::Start => format!("does not begin but ends with {}", name(status)),
        Place::Allocate | Place::Load | Place::Init => format!("fails with {}", name(status)),
        _ => format!("ends with {}", name(status)),
    };
    let has_unit = !matches!(place, Place::Allocate | Place::Load | Place::Init);
    if has_unit && status.is_fatal() { format!("{words}, which kills the unit") } else { words }
}

/// How often and for how long, and what follows.
fn bounds(rule: &Rule) -> String {
    let mut bounds = String::new();
    let place = each_place(rule);
    match rule.times {
        None => {}
        Some(1) => bounds += &format!(", at most once{place}"),
        Some(2) => bounds += &format!(", at most twice{place}"),
        Some(times) => bounds += &format!(", at most {times} times{place}"),
    }
    if let Some(lifetime) = rule.lifetime {
        let joint = if rule.times.is_some() { " and" } else { "," };
        bounds += &format!("{joint} only in the first {} after the rule was added", SpanWords(lifetime));
    }
    if rule.persist {
        bounds += "; later processes find the queue as this left it";
    }
    if rule.require_fired {
        bounds += "; a run in which this never happens has failed";
    }
    bounds
}
