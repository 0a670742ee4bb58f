//! A rule while it is read, key by key.

use super::keys::{VERDICTS, list};
use super::problem::Objection;
use super::rule::{Delay, Matcher, Operation, Place, Rule, Trigger, Verdict};
use super::value::Entry;
use crate::seq::UnitKind;
use crate::time::Nanos;

#[derive(Default)]
pub(super) struct Draft {
    /// If it is given.
    pub(super) name: Option<String>,
    place: Option<Place>,
    matcher: Matcher,
    trigger: Trigger,
    verdict: Option<Verdict>,
    /// The keys of all verdicts that are written, whether they can be read or not.
    verdicts: Vec<&'static str>,
    times: Option<u64>,
    lifetime: Option<Nanos>,
    require_fired: bool,
    persist: bool,
}

impl Draft {
    /// Takes in one of the [`KEYS`](super::KEYS).
    pub(super) fn take(&mut self, entry: &Entry<'_>) -> Result<(), Objection> {
        let Draft { matcher, trigger, .. } = self;
        match entry.key {
            "name" => self.name = Some(entry.name()?),
            "place" => self.place = Some(entry.one_of(Place::ALL, Place::name)?),
            "core" => matcher.core = Some(entry.number(u8::MAX.into())?),
            "unit" => matcher.kind = Some(entry.one_of(UnitKind::ALL, UnitKind::name)?),
            "queue" => matcher.queue = Some(entry.number(u8::MAX.into())?),
            "model" => matcher.model = Some(entry.pattern()?),
            "tensor" => matcher.tensor = Some(entry.pattern()?),
            "operation" => matcher.operation = Some(entry.one_of(Operation::ALL, Operation::name)?),
            "size" => matcher.size = Some(entry.sizes()?),
            "rank" => matcher.rank = Some(entry.number(u32::MAX)?),
            "nth" => trigger.nth = Some(entry.count()?),
            "every" => trigger.every = Some(entry.count()?),
            "after" => trigger.after = Some(entry.count()?),
            "first" => trigger.first = Some(entry.count()?),
            "sequence" => trigger.sequence = Some(entry.sequence()?),
            "at" => trigger.at = Some(entry.span()?),
            "probability" => trigger.probability = Some(entry.fraction("0.1")?),
            "until" => trigger.until = Some(entry.other()?),
            "depth" => trigger.depth = Some(entry.count()?),
            "times" => self.times = Some(entry.count()?),
            "lifetime" => self.lifetime = Some(entry.span()?),
            "require_fired" => self.require_fired = entry.flag()?,
            "persist" => self.persist = entry.flag()?,
            key => {
                self.verdicts.push(key);
                self.verdict = Some(verdict(entry)?);
            }
        }
        Ok(())
    }

    /// The rule, if its verdict could be read. It has no name yet unless one is given.
    pub(super) fn finish(self) -> Result<Option<Rule>, Objection> {
        match self.verdicts[..] {
            [_] => {}
            [] => {
                let expected = format!("write exactly one of: {}", list(VERDICTS));
                return Err(Objection::new("", "no verdict", expected));
            }
            [first, .., last] => {
                let (count, found) = (self.verdicts.len(), list(self.verdicts.iter().copied()));
                let expected = match count {
                    2 => format!("keep {first} or {last}, and write a rule for the other"),
                    _ => "keep one, and write a rule for each of the others".into(),
                };
                return Err(Objection::new(last, format!("{count} verdicts: {found}"), expected));
            }
        }
        let Some(verdict) = self.verdict else { return Ok(None) };
        Ok(Some(Rule {
            name: self.name.unwrap_or_default(),
            place: self.place.unwrap_or_else(|| default_place(&verdict)),
            matcher: self.matcher,
            trigger: self.trigger,
            verdict,
            times: self.times,
            lifetime: self.lifetime,
            require_fired: self.require_fired,
            persist: self.persist,
        }))
    }
}

fn verdict(entry: &Entry<'_>) -> Result<Verdict, Objection> {
    Ok(match entry.key {
        "status" => Verdict::Status(entry.status()?),
        "hang" => Verdict::Hang(entry.hang()?),
        "late" => Verdict::Late(Delay::By(entry.timing()?)),
        "slow" => Verdict::Late(Delay::Factor(entry.fraction("3.0")?)),
        "full" => entry.full()?,
        "nan" => Verdict::Nan(entry.amount()?),
        "flip" => Verdict::Flip(entry.amount()?),
        "signal" => Verdict::Signal(entry.signal()?),
        key => {
            entry.always()?;
            match key {
                "never" => Verdict::Never,
                "stuck" => Verdict::Stuck,
                "torn" => Verdict::Torn,
                "core-busy" => Verdict::CoreBusy,
                _ => unreachable!("{key} is no key of a rule"),
            }
        }
    })
}

/// Where a rule is asked that does not say it.
fn default_place(verdict: &Verdict) -> Place {
    match verdict {
        Verdict::Full { .. } => Place::Submit,
        Verdict::Hang(_) | Verdict::Late(_) | Verdict::Stuck => Place::Start,
        Verdict::Status(_) | Verdict::Never | Verdict::Nan(_) | Verdict::Flip(_) | Verdict::Torn => {
            Place::Finish
        }
        Verdict::Signal(_) => Place::Event,
        Verdict::CoreBusy => Place::Init,
    }
}
