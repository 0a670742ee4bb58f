//! What stands behind a key: one reader for each kind of value, strict, with what to write instead.

use std::ops::RangeInclusive;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};
use wildmatch::WildMatch;

use super::keys::{list, nearest};
use super::problem::Objection;
use super::quantity::Bytes;
use super::rule::{Signalling, Verdict};
use crate::status::Status;
use crate::time::Nanos;
use crate::timing::{Span, Timing};

/// The longest name, in bytes.
const NAME_MAX: usize = 100;

/// The longest pattern, in bytes: names of tensors are told apart by 255 (observed).
const PATTERN_MAX: usize = 255;

/// A key of a rule with its value.
pub(super) struct Entry<'t> {
    pub(super) key: &'static str,
    /// The value as it is written, cut to what fits into a message.
    pub(super) written: String,
    pub(super) value: Spanned<DeValue<'t>>,
}

/// One value, or a table with the ends of a range.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Ends<T> {
    One(T),
    Range { min: Option<T>, max: Option<T> },
}

/// The table of a queue that is full.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fullness {
    capacity: Option<u64>,
    attempts: Option<u64>,
}

/// The table of a signal that is late.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lateness {
    late: Span,
}

impl Entry<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T, toml::de::Error> {
        T::deserialize(ValueDeserializer::from(self.value.clone()))
    }

    fn read_or<T: DeserializeOwned>(&self, what: &str, expected: &str) -> Result<T, Objection> {
        self.read().map_err(|_| self.refuse(what, expected))
    }

    fn refuse(&self, what: &str, expected: impl Into<String>) -> Objection {
        Objection::new(self.key, format!("{} = {} is {what}", self.key, self.written), expected)
    }

    /// A name for the rule.
    pub(super) fn name(&self) -> Result<String, Objection> {
        let name: String = self.read_or("no text", r#"write one such as name = "bad third""#)?;
        let expected = format!("write 1 to {NAME_MAX} bytes on one line");
        if name.trim().is_empty() {
            return Err(self.refuse("empty", expected));
        }
        if name.len() > NAME_MAX {
            return Err(self.refuse(&format!("{} bytes long", name.len()), expected));
        }
        if name.chars().any(char::is_control) {
            return Err(self.refuse("a name with a control character", expected));
        }
        Ok(name)
    }

    /// The name of another rule.
    pub(super) fn other(&self) -> Result<String, Objection> {
        self.read_or("no text", "write the name of another rule")
    }

    pub(super) fn pattern(&self) -> Result<WildMatch, Objection> {
        let expected = "write a name in which * stands for any characters and ? for one";
        let text: String = self.read_or("no text", expected)?;
        if text.is_empty() {
            return Err(self.refuse("a name that nothing has", "leave the key out, or write \"*\""));
        }
        if text.len() > PATTERN_MAX {
            return Err(self.refuse("longer than a name", format!("write {PATTERN_MAX} bytes at most")));
        }
        Ok(WildMatch::new(&text))
    }

    /// A number of a core, queue or rank.
    pub(super) fn number<T: DeserializeOwned>(&self, max: u32) -> Result<T, Objection> {
        let expected = format!("write a whole number from 0 to {max}");
        self.read_or("no number that there can be", &expected)
    }

    pub(super) fn count(&self) -> Result<u64, Objection> {
        let expected = format!("write one such as {} = 3", self.key);
        self.read_or("no whole number, or a negative one", &expected)
    }

    pub(super) fn fraction(&self, example: &str) -> Result<f64, Objection> {
        self.read_or("no number", &format!("write one such as {} = {example}", self.key))
    }

    /// A switch.
    pub(super) fn flag(&self) -> Result<bool, Objection> {
        self.read_or("neither true nor false", "write one of them")
    }

    /// A verdict that says all by itself.
    pub(super) fn always(&self) -> Result<(), Objection> {
        match self.value.get_ref() {
            DeValue::Boolean(true) => Ok(()),
            DeValue::Boolean(false) => Err(self.no_verdict()),
            _ => Err(self.refuse("not true", format!("write {} = true", self.key))),
        }
    }

    fn no_verdict(&self) -> Objection {
        self.refuse("no verdict", "leave the key out, or write true")
    }

    /// How much of it: true means 1.
    pub(super) fn amount(&self) -> Result<u32, Objection> {
        match self.value.get_ref() {
            DeValue::Boolean(true) => Ok(1),
            DeValue::Boolean(false) => Err(self.no_verdict()),
            _ => self.read_or("neither true nor a number", "write true or a whole number from 1 to 1000000"),
        }
    }

    pub(super) fn span(&self) -> Result<Nanos, Objection> {
        self.read().map(|Span(span)| span).map_err(|error| self.no_duration(&error))
    }

    pub(super) fn timing(&self) -> Result<Timing, Objection> {
        self.read().map_err(|error| self.no_duration(&error))
    }

    /// What the reader of durations says, which has what to write in it.
    fn no_duration(&self, error: &toml::de::Error) -> Objection {
        let wrong = format!("{} = {}: {}", self.key, self.written, error.message());
        Objection::new(self.key, wrong, "")
    }

    pub(super) fn sizes(&self) -> Result<RangeInclusive<u64>, Objection> {
        let expected = "write bytes such as 4096, a text with B, KiB, MiB, GiB or TiB such as \"64KiB\", \
                        or a range such as { min = \"1MiB\", max = \"4GiB\" }";
        match self.read() {
            Ok(Ends::One(Bytes(size))) => Ok(size..=size),
            Ok(Ends::Range { min: None, max: None }) | Err(_) => Err(self.refuse("no size", expected)),
            Ok(Ends::Range { min, max }) => {
                Ok(min.map_or(0, |Bytes(size)| size)..=max.map_or(u64::MAX, |Bytes(size)| size))
            }
        }
    }

    pub(super) fn sequence(&self) -> Result<RangeInclusive<u64>, Objection> {
        let expected = "write a number such as 7, or a range such as { min = 5, max = 9 }";
        match self.read() {
            Ok(Ends::One(num)) => Ok(num..=num),
            Ok(Ends::Range { min: None, max: None }) | Err(_) => {
                Err(self.refuse("no sequence number", expected))
            }
            Ok(Ends::Range { min, max }) => Ok(min.unwrap_or(1)..=max.unwrap_or(u64::MAX)),
        }
    }

    /// One of a few words.
    pub(super) fn one_of<T: Copy, const N: usize>(
        &self,
        all: [T; N],
        name: impl Fn(T) -> &'static str,
    ) -> Result<T, Objection> {
        let names = all.map(&name);
        let written: Result<String, _> = self.read();
        let found = written.as_ref().ok().and_then(|word| all.into_iter().find(|&one| name(one) == word));
        found.ok_or_else(|| {
            let expected = format!("{}s are: {}", self.key, list(names));
            let mut objection = self.refuse(&format!("no {}", self.key), expected);
            objection.nearest = written.ok().and_then(|word| nearest(&word, names));
            objection
        })
    }

    /// A number of an error, or its name with or without `NRT_`.
    pub(super) fn status(&self) -> Result<Status, Objection> {
        let errors = || Status::ALL.into_iter().filter(|status| *status != Status::Success);
        let is_named = |status: &Status, word: &str| {
            status.name() == word || status.name().strip_prefix("NRT_") == Some(word)
        };
        let numbers = || errors().map(|status| status.code().to_string()).collect::<Vec<_>>().join(", ");
        if let Ok(word) = self.read::<String>() {
            return errors().find(|status| is_named(status, &word)).ok_or_else(|| {
                let expected = format!("write the name or number of one: {}", numbers());
                let mut objection = self.refuse("not the name of an error", expected);
                objection.nearest = nearest(&word, Status::ALL.iter().skip(1).map(|status| status.name()));
                objection
            });
        }
        let code: Result<u32, _> = self.read();
        code.as_ref().ok().and_then(|code| errors().find(|status| status.code() == *code)).ok_or_else(|| {
            let expected = format!("write the name or number of one: {}", numbers());
            let mut objection = self.refuse("not the number of an error", expected);
            objection.nearest = code.ok().filter(|code| *code > 0).and_then(|code| {
                let distance = |status: &Status| {
                    let letters = strsim::damerau_levenshtein(&status.code().to_string(), &code.to_string());
                    (letters, status.code().abs_diff(code))
                };
                errors().min_by_key(distance).map(|status| status.code().to_string())
            });
            objection
        })
    }

    /// What a request that hangs ends with.
    pub(super) fn hang(&self) -> Result<Status, Objection> {
        match self.value.get_ref() {
            DeValue::Boolean(true) => Ok(Status::Timeout),
            DeValue::Boolean(false) => Err(self.no_verdict()),
            _ => self.status(),
        }
    }

    pub(super) fn full(&self) -> Result<Verdict, Objection> {
        match self.value.get_ref() {
            DeValue::Boolean(true) => return Ok(Verdict::Full { capacity: None, attempts: 1 }),
            DeValue::Boolean(false) => return Err(self.no_verdict()),
            _ => {}
        }
        match self.read() {
            Ok(Fullness { capacity: Some(capacity), attempts: None }) => {
                Ok(Verdict::Full { capacity: Some(capacity), attempts: 0 })
            }
            Ok(Fullness { capacity: None, attempts: Some(attempts) }) => {
                Ok(Verdict::Full { capacity: None, attempts })
            }
            _ => Err(self
                .refuse("no way to be full", "write true, { capacity = 1 } or { attempts = 3 }, not both")),
        }
    }

    pub(super) fn signal(&self) -> Result<Signalling, Objection> {
        let expected = r#"write "twice", "spurious" or { late = "1ms" }"#;
        if let DeValue::Table(table) = self.value.get_ref()
            && table.len() == 1
            && table.contains_key("late")
        {
            return self
                .read()
                .map(|Lateness { late: Span(late) }| Signalling::Late(late))
                .map_err(|error| self.no_duration(&error));
        }
        match self.read::<String>().as_deref() {
            Ok("twice") => Ok(Signalling::Twice),
            Ok("spurious") => Ok(Signalling::Spurious),
            word => {
                let mut objection = self.refuse("no way to signal", expected);
                objection.nearest = word.ok().and_then(|word| nearest(word, ["twice", "spurious"]));
                Err(objection)
            }
        }
    }
}
