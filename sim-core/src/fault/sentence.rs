//! Rules in words.

use std::fmt::{self, Display, Formatter};

use super::rule::{Delay, Operation, Place, Rule, Side, Signalling, Verdict};
use crate::status::Status;
use crate::time::Nanos;
use crate::timing::Timing;

impl Rule {
    /// A name for it, if it has none: what it says, in short.
    pub(super) fn title(&self) -> String {
        let title = format!("{} at {}: {}", self.what(), self.place.name(), self.whom());
        title.chars().filter(|char| !char.is_control()).take(90).collect()
    }

    /// Whom it strikes: "the 3rd request on queue 0 of compute, core 0".
    fn whom(&self) -> String {
        let (thing, trigger) = (self.thing(), &self.trigger);
        let after = trigger.after.filter(|after| *after > 0);
        let of = self.of();
        let counted = match (trigger.nth, trigger.every, trigger.first) {
            (Some(nth), ..) => format!("the {} {thing}{of}", ordinal(nth)),
            (_, Some(1) | None, Some(1)) => format!("the first {thing}{of}"),
            (_, Some(1) | None, Some(first)) => format!("each of the first {first} {thing}s{of}"),
            (_, Some(every), Some(first)) => {
                format!("every {} of the first {first} {thing}s{of}", ordinal(every))
            }
            (_, Some(every), None) if every > 1 => format!("every {} {thing}{of}", ordinal(every)),
            _ => format!("each {thing}{of}"),
        };
        let mut text = counted;
        if let Some(after) = after {
            text += &format!(", not counting the first {after},");
        }
        if let Some(odds) = trigger.probability {
            text += &format!(" with a probability of {odds}");
        }
        text
    }

    /// What it is for: "request", "run", "allocation".
    fn thing(&self) -> &'static str {
        match self.place.operation().or(self.matcher.operation) {
            Some(Operation::Read) => "read",
            Some(Operation::Write) => "write",
            Some(Operation::Copy) => "copy",
            Some(Operation::Execute) => "run",
            Some(Operation::Collective) => "collective operation",
            Some(Operation::Allocate) => "allocation",
            Some(Operation::Load) => "load",
            Some(Operation::Init) => "nrt_init",
            None if self.matcher.model.is_some() => "run",
            None => "request",
        }
    }

    /// The matcher: " of model "m" on queue 0 of compute, core 1".
    fn of(&self) -> String {
        let matcher = &self.matcher;
        let mut parts = Vec::new();
        if let Some(model) = &matcher.model {
            parts.push(format!("of model \"{model}\""));
        }
        if let Some(tensor) = &matcher.tensor {
            parts.push(format!("with tensor \"{tensor}\""));
        }
        if let Some(size) = &matcher.size {
            parts.push(match (*size.start(), *size.end()) {
                (one, other) if one == other => format!("of {one} bytes"),
                (min, u64::MAX) => format!("of at least {min} bytes"),
                (0, max) => format!("of at most {max} bytes"),
                (min, max) => format!("of {min} to {max} bytes"),
            });
        }
        let on = match (matcher.queue, matcher.kind, matcher.core) {
            (None, None, None) => None,
            (None, None, Some(core)) => Some(format!("on core {core}")),
            (None, Some(kind), core) if kind.queues() == 1 => {
                let core = core.map_or(String::new(), |core| format!(" of core {core}"));
                Some(format!("on {}{core}", kind.name()))
            }
            (queue, kind, core) => {
                let queue = queue.map_or("each queue".to_owned(), |queue| format!("queue {queue}"));
                let kind = kind.map_or(String::new(), |kind| format!(" of {}", kind.name()));
                let core = core.map_or(String::new(), |core| format!(", core {core}"));
                Some(format!("on {queue}{kind}{core}"))
            }
        };
        parts.extend(on);
        if let Some(rank) = matcher.rank {
            parts.push(format!("in the process of rank {rank}"));
        }
        if let Some(range) = &self.trigger.sequence {
            parts.push(match (*range.start(), *range.end()) {
                (one, other) if one == other => format!("with sequence number {one}"),
                (min, u64::MAX) => format!("with sequence numbers from {min} on"),
                (min, max) => format!("with sequence numbers {} to {max}", min.max(1)),
            });
        }
        parts.iter().map(|part| format!(" {part}")).collect()
    }

    /// What becomes of it, in a few words.
    fn what(&self) -> String {
        match &self.verdict {
            Verdict::Status(Status::CollPending) => "is tried again by the device".to_owned(),
            Verdict::Status(status) => status.name().to_owned(),
            Verdict::Hang(status) => format!("hang, {}", status.name()),
            Verdict::Late(_) => "late".to_owned(),
            Verdict::Never => "completion lost".to_owned(),
            Verdict::Stuck => "stuck".to_owned(),
            Verdict::Full { .. } => "queue full".to_owned(),
            Verdict::Nan(_) => "NaN".to_owned(),
            Verdict::Flip(_) => "bits flipped".to_owned(),
            Verdict::Torn => "torn".to_owned(),
            Verdict::Signal(_) => "signal".to_owned(),
            Verdict::CoreBusy => "core busy".to_owned(),
        }
    }

    /// What becomes of it, as the rest of a sentence.
    fn becomes(&self) -> String {
        let named = |status: &Status| format!("{} ({})", status.name(), status.code());
        let death = |status: &Status| if status.is_fatal() { ", which kills the unit" } else { "" };
        match &self.verdict {
            Verdict::Status(Status::CollPending) => {
                "is tried again by the device itself, and takes twice as long".to_owned()
            }
            Verdict::Status(status) if self.place.side() == Side::Unit => {
                let idle = if self.place == Place::Start { " before it has done anything" } else { "" };
                format!("ends with {}{idle}{}", named(status), death(status))
            }
            Verdict::Status(status) => format!("is refused with {}{}", named(status), death(status)),
            Verdict::Hang(status) => {
                format!(
                    "hangs until the time limit of a run, then ends with {}{}",
                    named(status),
                    death(status)
                )
            }
            Verdict::Late(Delay::By(timing)) => format!("takes {} longer", spread(timing)),
            Verdict::Late(Delay::Factor(factor)) => format!("takes {factor} times as long"),
            Verdict::Never => "does its work, but nobody is ever told, and what is behind waits".to_owned(),
            Verdict::Stuck => "does not begin, and what is behind waits".to_owned(),
            Verdict::Full { capacity: Some(capacity), .. } => {
                format!("finds the queue full if it holds {capacity} or more")
            }
            Verdict::Full { capacity: None, attempts: 1 } => {
                "finds the queue full at the first attempt, if anything is on it".to_owned()
            }
            Verdict::Full { capacity: None, attempts } => {
                format!("finds the queue full at the first {attempts} attempts, if anything is on it")
            }
            Verdict::Nan(1) => "has a NaN in its outputs".to_owned(),
            Verdict::Nan(count) => format!("has {count} NaN in its outputs"),
            Verdict::Flip(1) => "has a bit flipped in what it writes".to_owned(),
            Verdict::Flip(count) => format!("has {count} bits flipped in what it writes"),
            Verdict::Torn => "writes only a first part of its bytes".to_owned(),
            Verdict::Signal(Signalling::Late(late)) => format!("signals its listeners {} late", span(*late)),
            Verdict::Signal(Signalling::Twice) => "signals its listeners twice".to_owned(),
            Verdict::Signal(Signalling::Spurious) => {
                "signals its listeners when it begins, as well".to_owned()
            }
            Verdict::CoreBusy => "fails, because another process has the cores (NRT_FAILURE)".to_owned(),
        }
    }
}

/// The rule as one sentence.
impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let whom = self.whom();
        let (first, rest) = whom.split_at(1); // it begins with "the", "each" or "every"
        write!(f, "{}{rest} {}", first.to_uppercase(), self.becomes())?;
        if let Some(at) = self.trigger.at {
            write!(f, ", from {} of simulated time on", span(at))?;
        }
        if let Some(depth) = self.trigger.depth {
            write!(f, ", while at least {depth} are on the queue with it")?;
        }
        if let Some(until) = &self.trigger.until {
            write!(f, ", until \"{until}\" has struck on that queue")?;
        }
        if let Some(times) = self.times {
            let each = if self.place.side() == Side::Call { "core" } else { "queue" };
            write!(f, ", at most {times} time{} on each {each}", if times == 1 { "" } else { "s" })?;
        }
        if let Some(lifetime) = self.lifetime {
            write!(f, ", for {} of simulated time", span(lifetime))?;
        }
        if self.persist {
            f.write_str("; later processes find it so, until `nrt-sim reset`")?;
        }
        f.write_str(".")?;
        if self.require_fired {
            f.write_str(" It must fire.")?;
        }
        Ok(())
    }
}

fn span(span: Nanos) -> String {
    humantime::format_duration(std::time::Duration::from_nanos(span.0)).to_string()
}

fn spread(timing: &Timing) -> String {
    match timing {
        Timing::Fixed(fixed) => span(*fixed),
        Timing::Range { min, max } => format!("{} to {}", span(*min), span(*max)),
        Timing::Normal { mean, deviation } => {
            format!("{} (normally distributed, deviation {})", span(*mean), span(*deviation))
        }
        Timing::LogNormal { median, sigma } => {
            format!("{} in the median (log-normal, sigma {sigma})", span(*median))
        }
    }
}

/// 1st, 2nd, 3rd, 4th.
fn ordinal(number: u64) -> String {
    let ending = match (number % 100, number % 10) {
        (11..=13, _) => "th",
        (_, 1) => "st",
        (_, 2) => "nd",
        (_, 3) => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}
