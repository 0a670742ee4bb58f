//! One rule as a TOML table: its keys, and what each may say.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use wildmatch::WildMatch;

use super::keys::{KEYS, VERDICTS};
use super::problem::{Problems, unknown};
use super::rule::{Delay, Matcher, Operation, Place, Rule, Signalling, Trigger, Verdict};
use crate::seq::UnitKind;
use crate::status::Status;
use crate::time::Nanos;
use crate::timing::{self, Timing};

/// The longest name of a rule.
const NAME_MAX: usize = 100;

type Value<'a> = Spanned<DeValue<'a>>;

/// A rule being read.
pub(super) struct Table<'p, 't, 'v> {
    problems: &'p mut Problems<'t>,
    table: &'v DeTable<'v>,
    span: Range<usize>,
    label: String,
}

impl<'p, 't, 'v> Table<'p, 't, 'v> {
    /// The `table` at `span`, called `label` until its name is known.
    pub(super) fn of(
        problems: &'p mut Problems<'t>,
        table: &'v DeTable<'v>,
        span: Range<usize>,
        label: String,
    ) -> Table<'p, 't, 'v> {
        Table { problems, table, span, label }
    }

    /// Reads the rule; `None` if nothing can be made of it, which has been noted then.
    pub(super) fn rule(mut self) -> Option<Rule> {
        let name = self.name();
        for key in self.table.keys() {
            let known: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
            if !known.contains(&key.get_ref().as_ref()) {
                self.wrong(key.span(), unknown("key", key.get_ref(), &known));
            }
        }
        let verdict = self.verdict();
        let place = self.word("place", &Place::ALL, Place::name);
        let matcher = self.matcher();
        let trigger = self.trigger();
        let (times, lifetime) = (self.count("times"), self.span("lifetime"));
        let (require_fired, persist) = (self.flag("require_fired"), self.flag("persist"));
        let verdict = verdict?;
        let place = place.unwrap_or(match verdict {
            Verdict::Hang(_) | Verdict::Late(_) | Verdict::Stuck => Place::Start,
            Verdict::Full { .. } => Place::Submit,
            Verdict::Signal(_) => Place::Event,
            Verdict::CoreBusy => Place::Init,
            _ => Place::Finish,
        });
        let name = name.unwrap_or_default();
        Some(Rule { name, place, matcher, trigger, verdict, times, lifetime, require_fired, persist })
    }

    fn get(&self, key: &str) -> Option<&'v Value<'v>> {
        self.table.get(key)
    }

    fn wrong(&mut self, span: Range<usize>, what: impl Into<String>) {
        self.problems.add(span, Some(&self.label), what);
    }

    /// Notes that the value of `key` is not what was `expected`.
    fn mistaken<T>(&mut self, key: &str, value: &Value<'_>, expected: impl Display) -> Option<T> {
        let found = &self.problems.text()[value.span()];
        let found: String = found.chars().take(60).collect();
        self.wrong(value.span(), format!("{key} = {found}: expected {expected}"));
        None
    }

    fn name(&mut self) -> Option<String> {
        let value = self.get("name")?;
        let DeValue::String(name) = value.get_ref() else { return self.mistaken("name", value, "a text") };
        if name.is_empty() || name.len() > NAME_MAX || name.chars().any(char::is_control) {
            let expected = format!("1 to {NAME_MAX} bytes without control characters");
            return self.mistaken("name", value, expected);
        }
        self.label = format!("{} ({name})", self.label);
        Some(name.to_string())
    }

    /// One of `all`, by its name.
    fn word<T: Copy>(&mut self, key: &str, all: &[T], name: impl Fn(T) -> &'static str) -> Option<T> {
        let value = self.get(key)?;
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        let DeValue::String(text) = value.get_ref() else {
            return self.mistaken(key, value, format!("one of {}", names.join(", ")));
        };
        let found = all.iter().copied().find(|one| name(*one) == text.as_ref());
        if found.is_none() {
            self.wrong(value.span(), unknown(key, text, &names));
        }
        found
    }

    fn flag(&mut self, key: &str) -> bool {
        let Some(value) = self.get(key) else { return false };
        match value.get_ref() {
            DeValue::Boolean(flag) => *flag,
            _ => self.mistaken(key, value, "true or false").unwrap_or(false),
        }
    }

    fn number(&mut self, key: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.get(key)?;
        let number = integer(value).filter(|number| range.contains(number));
        number.or_else(|| self.mistaken(key, value, numbers(&range)))
    }

    /// A number from 1 on.
    fn count(&mut self, key: &str) -> Option<u64> {
        self.number(key, 1..=u64::MAX)
    }

    fn small(&mut self, key: &str, most: u8) -> Option<u8> {
        self.number(key, 0..=u64::from(most)).and_then(|number| u8::try_from(number).ok())
    }

    fn float(&mut self, key: &str, expected: &str, is_right: impl Fn(f64) -> bool) -> Option<f64> {
        let value = self.get(key)?;
        let number = match value.get_ref() {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(_) => integer(value).map(|number| number as f64),
            _ => None,
        };
        number.filter(|number| is_right(*number)).or_else(|| self.mistaken(key, value, expected))
    }

    fn pattern(&mut self, key: &str) -> Option<WildMatch> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(pattern) if !pattern.is_empty() => Some(WildMatch::new(pattern)),
            _ => self.mistaken(key, value, "a text, in which * stands for any and ? for one character"),
        }
    }

    /// A duration of at least a nanosecond.
    fn span(&mut self, key: &str) -> Option<Nanos> {
        let value = self.get(key)?;
        self.span_of(key, value)
    }

    fn span_of(&mut self, key: &str, value: &Value<'_>) -> Option<Nanos> {
        let DeValue::String(text) = value.get_ref() else {
            return self.mistaken(key, value, "a duration as text with a unit, such as \"2ms\"");
        };
        match timing::span(text) {
            Ok(Nanos(0)) => self.mistaken(key, value, "a duration above 0"),
            Ok(span) => Some(span),
            Err(error) => self.mistaken(key, value, error),
        }
    }

    /// One number, or those from `min` to `max`, each read by `read`.
    fn range(
        &mut self,
        key: &str,
        expected: &str,
        read: impl Fn(&Value<'_>) -> Option<u64>,
    ) -> Option<RangeInclusive<u64>> {
        let value = self.get(key)?;
        let DeValue::Table(table) = value.get_ref() else {
            return match read(value) {
                Some(number) => Some(number..=number),
                None => self.mistaken(key, value, expected),
            };
        };
        for other in table.keys().filter(|other| !["min", "max"].contains(&other.get_ref().as_ref())) {
            self.wrong(other.span(), unknown("key", other.get_ref(), &["min", "max"]));
        }
        let end = |end: &str, default| table.get(end).map_or(Some(default), &read);
        match (end("min", 0), end("max", u64::MAX)) {
            (Some(min), Some(max)) if min <= max && !table.is_empty() => Some(min..=max),
            (Some(_), Some(_)) => self.mistaken(key, value, "min, max or both, min not above max"),
            _ => self.mistaken(key, value, expected),
        }
    }

    fn matcher(&mut self) -> Matcher {
        let size = "bytes: a number, a text such as \"64KiB\", or { min = …, max = … }";
        Matcher {
            core: self.small("core", u8::MAX),
            kind: self.word("unit", &UnitKind::ALL, UnitKind::name),
            queue: self.small("queue", 2),
            model: self.pattern("model"),
            tensor: self.pattern("tensor"),
            operation: self.word("operation", &Operation::ALL, Operation::name),
            size: self.range("size", size, bytes),
            rank: self.number("rank", 0..=u64::from(u32::MAX)).and_then(|rank| u32::try_from(rank).ok()),
        }
    }

    fn trigger(&mut self) -> Trigger {
        let sequence = "a number from 1 on, or { min = …, max = … }";
        Trigger {
            nth: self.count("nth"),
            every: self.count("every"),
            after: self.number("after", 0..=u64::MAX),
            first: self.count("first"),
            sequence: self.range("sequence", sequence, |value| integer(value).filter(|number| *number > 0)),
            at: self.span("at"),
            probability: self
                .float("probability", "a number above 0 and at most 1", |odds| odds > 0.0 && odds <= 1.0),
            until: self.text("until"),
            depth: self.count("depth"),
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => self.mistaken(key, value, "a text"),
        }
    }

    /// The one verdict of the rule.
    fn verdict(&mut self) -> Option<Verdict> {
        let given: Vec<&str> = VERDICTS.into_iter().filter(|key| self.table.contains_key(*key)).collect();
        let [key] = given[..] else {
            let found = if given.is_empty() { "none".to_owned() } else { given.join(", ") };
            let all = VERDICTS.join(", ");
            self.wrong(
                self.span.clone(),
                format!("a rule has exactly one verdict, this has {found}; verdicts are {all}"),
            );
            return None;
        };
        let value = self.get(key)?;
        match key {
            "status" => self.status(key, value).map(Verdict::Status),
            "hang" if is_true(value) => Some(Verdict::Hang(Status::Timeout)),
            "hang" => self.status(key, value).map(Verdict::Hang),
            "late" => self.late(value),
            "slow" => {
                let is_slower = |factor: f64| factor > 1.0 && factor <= 1e6;
                let factor = self.float(key, "a factor above 1 and at most 1000000", is_slower)?;
                Some(Verdict::Late(Delay::Factor(factor)))
            }
            "never" => self.only_true(key, value, Verdict::Never),
            "stuck" => self.only_true(key, value, Verdict::Stuck),
            "torn" => self.only_true(key, value, Verdict::Torn),
            "core-busy" => self.only_true(key, value, Verdict::CoreBusy),
            "full" => self.full(value),
            "nan" => self.how_many(key, value).map(Verdict::Nan),
            "flip" => self.how_many(key, value).map(Verdict::Flip),
            _ => self.signal(value),
        }
    }

    fn status(&mut self, key: &str, value: &Value<'_>) -> Option<Status> {
        let errors = || Status::ALL.into_iter().filter(|status| *status != Status::Success);
        match value.get_ref() {
            DeValue::String(name) => {
                let is_it = |status: &Status| {
                    [status.name(), status.name().trim_start_matches("NRT_")].contains(&name.as_ref())
                };
                let found = errors().find(is_it);
                if found.is_none() {
                    let names: Vec<&str> = errors().map(Status::name).collect();
                    self.wrong(value.span(), unknown("status", name, &names));
                }
                found
            }
            _ => {
                let number = integer(value).and_then(|number| u32::try_from(number).ok());
                let found = number.and_then(Status::from_code).filter(|status| *status != Status::Success);
                let numbers =
                    || errors().map(|status| status.code().to_string()).collect::<Vec<_>>().join(", ");
                found.or_else(|| {
                    let expected =
                        format!("the number of an error in nrt_status.h ({}), or its name", numbers());
                    self.mistaken(key, value, expected)
                })
            }
        }
    }

    fn late(&mut self, value: &Value<'_>) -> Option<Verdict> {
        let timing = Timing::deserialize(ValueDeserializer::from(value.clone()));
        match timing {
            Ok(timing) => Some(Verdict::Late(Delay::By(timing))),
            Err(error) => self.mistaken("late", value, error.message()),
        }
    }

    fn full(&mut self, value: &Value<'_>) -> Option<Verdict> {
        const EXPECTED: &str = "true, { attempts = N } or { capacity = N }, N from 1 on";
        if is_true(value) {
            return Some(Verdict::Full { capacity: None, attempts: 1 });
        }
        let DeValue::Table(table) = value.get_ref() else { return self.mistaken("full", value, EXPECTED) };
        let number = |key: &str| table.get(key).and_then(integer).filter(|number| *number > 0);
        match (table.len(), number("attempts"), number("capacity")) {
            (1, Some(attempts), None) => Some(Verdict::Full { capacity: None, attempts }),
            (1, None, Some(capacity)) => Some(Verdict::Full { capacity: Some(capacity), attempts: 0 }),
            _ => self.mistaken("full", value, EXPECTED),
        }
    }

    fn signal(&mut self, value: &Value<'_>) -> Option<Verdict> {
        const EXPECTED: &str = "\"twice\", \"spurious\" or { late = \"1ms\" }";
        let signalling = match value.get_ref() {
            DeValue::String(word) if word == "twice" => Signalling::Twice,
            DeValue::String(word) if word == "spurious" => Signalling::Spurious,
            DeValue::Table(table) if table.len() == 1 => match table.get("late") {
                Some(late) => Signalling::Late(self.span_of("late", late)?),
                None => return self.mistaken("signal", value, EXPECTED),
            },
            _ => return self.mistaken("signal", value, EXPECTED),
        };
        Some(Verdict::Signal(signalling))
    }

    fn only_true(&mut self, key: &str, value: &Value<'_>, verdict: Verdict) -> Option<Verdict> {
        if is_true(value) { Some(verdict) } else { self.mistaken(key, value, "true; leave it out otherwise") }
    }

    fn how_many(&mut self, key: &str, value: &Value<'_>) -> Option<u32> {
        let number = integer(value).filter(|number| (1..=1_000_000).contains(number));
        match number.and_then(|number| u32::try_from(number).ok()) {
            Some(number) => Some(number),
            None if is_true(value) => Some(1),
            None => self.mistaken(key, value, "true, or a number from 1 to 1000000"),
        }
    }
}

fn is_true(value: &Value<'_>) -> bool {
    matches!(value.get_ref(), DeValue::Boolean(true))
}

fn integer(value: &Value<'_>) -> Option<u64> {
    match value.get_ref() {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
        _ => None,
    }
}

/// Bytes as a number, or as text with a unit of 1024 to the so-manieth.
fn bytes(value: &Value<'_>) -> Option<u64> {
    let DeValue::String(text) = value.get_ref() else { return integer(value) };
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("B", 0)];
    let (number, shift) = units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)))?;
    number.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

fn numbers(range: &RangeInclusive<u64>) -> String {
    match *range.end() {
        u64::MAX => format!("a number from {} on", range.start()),
        end => format!("a number from {} to {end}", range.start()),
    }
}
