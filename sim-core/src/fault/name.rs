//! Names of rules that give themselves none.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::quantity::{SpanWords, TimingWords, bytes_words};
use super::rule::{Delay, Rule, Signalling, Verdict};
use super::text::Written;
use crate::status::Status;

/// Gives each rule without a name the one that follows from what it says, and a number if that is taken.
pub(super) fn give(written: &mut [Written]) {
    let mut taken: BTreeSet<String> = written.iter().filter_map(|written| written.name.clone()).collect();
    for written in written.iter_mut().filter(|written| written.name.is_none()) {
        let Some(rule) = &mut written.rule else { continue };
        let name = rule.short();
        let numbered = (2_u64..).map(|number| format!("{name} ({number})"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        rule.name = names.find(|name| taken.insert(name.clone())).expect("numbers do not end");
    }
}

impl Rule {
    /// What the rule says, in short: its name if it is given none.
    ///
    /// The rule's luck follows from its name, so its number in the plan and what is only told of it afterwards
    /// are not part of that.
    pub fn short(&self) -> String {
        let mut short = format!("{} at {}", verdict(&self.verdict), self.place.name());
        if let Some(kind) = self.matcher.kind {
            short += " of ";
            short += kind.name();
        }
        let mut add = |key: &str, value: Option<&dyn Display>| {
            if let Some(value) = value {
                let value = value.to_string();
                short += &format!(", {key} {}", value.escape_debug());
            }
        };
        let (matcher, trigger) = (&self.matcher, &self.trigger);
        let size = matcher.size.as_ref().map(bytes_words);
        let sequence = trigger.sequence.as_ref().map(numbers);
        let [at, lifetime] = [trigger.at, self.lifetime].map(|span| span.map(SpanWords));
        add("core", matcher.core.as_ref().map(|it| it as _));
        add("queue", matcher.queue.as_ref().map(|it| it as _));
        add("model", matcher.model.as_ref().map(|it| it as _));
        add("tensor", matcher.tensor.as_ref().map(|it| it as _));
        add("operation", matcher.operation.map(|it| it.name()).as_ref().map(|it| it as _));
        add("size", size.as_ref().map(|it| it as _));
        add("rank", matcher.rank.as_ref().map(|it| it as _));
        add("nth", trigger.nth.as_ref().map(|it| it as _));
        add("every", trigger.every.as_ref().map(|it| it as _));
        add("after", trigger.after.as_ref().map(|it| it as _));
        add("first", trigger.first.as_ref().map(|it| it as _));
        add("sequence", sequence.as_ref().map(|it| it as _));
        add("at", at.as_ref().map(|it| it as _));
        add("probability", trigger.probability.as_ref().map(|it| it as _));
        add("until", trigger.until.as_ref().map(|it| it as _));
        add("depth", trigger.depth.as_ref().map(|it| it as _));
        add("times", self.times.as_ref().map(|it| it as _));
        add("lifetime", lifetime.as_ref().map(|it| it as _));
        short
    }
}

/// What is written of a range of numbers: "7", "5 to 9", "5 and up".
pub(super) fn numbers(range: &RangeInclusive<u64>) -> String {
    match (*range.start(), *range.end()) {
        (min, max) if min == max => min.to_string(),
        (min, u64::MAX) => format!("{min} and up"),
        (min, max) => format!("{min} to {max}"),
    }
}

fn verdict(verdict: &Verdict) -> String {
    match *verdict {
        Verdict::Status(status) => status.name().into(),
        Verdict::Hang(Status::Timeout) => "hang".into(),
        Verdict::Hang(status) => format!("hang until {}", status.name()),
        Verdict::Late(Delay::By(timing)) => format!("late by {}", TimingWords(timing)),
        Verdict::Late(Delay::Factor(factor)) => format!("slow by {factor}"),
        Verdict::Full { capacity: Some(capacity), .. } => format!("full from {capacity}"),
        Verdict::Full { capacity: None, attempts } => format!("full for {attempts}"),
        Verdict::Nan(count) | Verdict::Flip(count) => format!("{} {count}", verdict.key()),
        Verdict::Signal(Signalling::Late(span)) => format!("signal late by {}", SpanWords(span)),
        Verdict::Signal(Signalling::Twice) => "signal twice".into(),
        Verdict::Signal(Signalling::Spurious) => "signal spurious".into(),
        Verdict::Never | Verdict::Stuck | Verdict::Torn | Verdict::CoreBusy => verdict.key().into(),
    }
}
