//! Bytes and spans of time as they are written in plans and sentences.

use std::fmt::{self, Display, Formatter};
use std::ops::RangeInclusive;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

use crate::time::Nanos;
use crate::timing::Timing;

/// Units of bytes, largest first.
const BYTES: [(&str, u64); 5] =
    [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// Units of time, largest first.
const SPANS: [(&str, u64); 4] = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)];

/// A number of bytes: a number, or a text with a unit.
#[derive(Clone, Copy)]
pub(super) struct Bytes(pub(super) u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Bytes;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str(r#"bytes, such as 4096 or "4KiB""#)
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<Bytes, E> {
                u64::try_from(count).map(Bytes).map_err(E::custom)
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<Bytes, E> {
                Ok(Bytes(count))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                bytes(text).map(Bytes).ok_or_else(|| E::custom("no size"))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// The bytes that `text` says: a whole number and a unit.
fn bytes(text: &str) -> Option<u64> {
    let (count, unit) = text.split_at(text.find(|char: char| !char.is_ascii_digit())?);
    let (_, factor) = BYTES.into_iter().find(|(name, _)| *name == unit.trim_start())?;
    count.parse::<u64>().ok()?.checked_mul(factor)
}

/// What is written of a range of bytes: "64 KiB", "1 MiB to 4 GiB", "at least 1 MiB".
pub(super) fn bytes_words(range: &RangeInclusive<u64>) -> String {
    let words = |count| in_unit(count, unit(&BYTES, &[count]));
    match (*range.start(), *range.end()) {
        (min, max) if min == max => words(min),
        (min, u64::MAX) => format!("at least {}", words(min)),
        (0, max) => format!("at most {}", words(max)),
        (min, max) => format!("{} to {}", words(min), words(max)),
    }
}

/// The largest unit of which all of `counts` are whole multiples.
fn unit(units: &[(&'static str, u64)], counts: &[u64]) -> (&'static str, u64) {
    let is_whole = |factor: u64| {
        counts.iter().all(|count| count.is_multiple_of(factor)) && counts.iter().any(|count| *count > 0)
    };
    let last = *units.last().expect("there are units");
    units.iter().copied().find(|(_, factor)| is_whole(*factor)).unwrap_or(last)
}

fn in_unit(count: u64, (name, factor): (&str, u64)) -> String {
    format!("{} {name}", count / factor)
}

/// A span of time in its largest whole unit.
pub(super) struct SpanWords(pub(super) Nanos);

impl Display for SpanWords {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&in_unit(self.0.0, unit(&SPANS, &[self.0.0])))
    }
}

/// What is written of a timing: "2 ms", "2 to 5 ms", "about 2 ms (deviation 10 us)".
pub(super) struct TimingWords(pub(super) Timing);

impl Display for TimingWords {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Timing::Fixed(span) => SpanWords(span).fmt(f),
            Timing::Range { min, max } if min == max => SpanWords(min).fmt(f),
            Timing::Range { min, max } => {
                let unit = unit(&SPANS, &[min.0, max.0]);
                write!(f, "{} to {}", min.0 / unit.1, in_unit(max.0, unit))
            }
            Timing::Normal { mean, deviation } => {
                write!(f, "about {} (deviation {})", SpanWords(mean), SpanWords(deviation))
            }
            Timing::LogNormal { median, sigma } => {
                write!(f, "a median of {} (sigma {sigma})", SpanWords(median))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{SpanWords, TimingWords, bytes, bytes_words};
    use crate::time::Nanos;
    use crate::timing::Timing;

    #[test]
    fn bytes_are_whole_numbers_with_a_unit() {
        for (text, count) in [
            ("0B", Some(0)),
            ("64KiB", Some(65_536)),
            ("4 GiB", Some(4 << 30)),
            ("16777215TiB", Some(16_777_215 << 40)),
            ("16777216TiB", None),
            ("64", None),
            ("64KB", None),
            ("64kib", None),
            ("KiB", None),
            ("-1KiB", None),
            ("1.5KiB", None),
            ("4KiB ", None),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(bytes(text), count, "{text}");
        }
    }

    #[test]
    fn ranges_of_bytes_read_well() {
        for (range, words) in [
            (4096..=4096, "4 KiB"),
            (100..=4096, "100 B to 4 KiB"),
            (0..=1 << 20, "at most 1 MiB"),
            (1 << 20..=u64::MAX, "at least 1 MiB"),
            (0..=0, "0 B"),
        ] {
            assert_eq!(bytes_words(&range), words);
        }
    }

    #[test]
    fn spans_read_well() {
        for (ns, words) in
            [(0, "0 ns"), (1_500_000, "1500 us"), (2_000_000, "2 ms"), (90_000_000_000, "90 s")]
        {
            assert_eq!(SpanWords(Nanos(ns)).to_string(), words);
        }
        let (two, five) = (Nanos(2_000_000), Nanos(5_000_000));
        for (timing, words) in [
            (Timing::Fixed(two), "2 ms"),
            (Timing::Range { min: two, max: five }, "2 to 5 ms"),
            (Timing::Range { min: Nanos(0), max: five }, "0 to 5 ms"),
            (Timing::Range { min: two, max: two }, "2 ms"),
            (Timing::Normal { mean: five, deviation: Nanos(10_000) }, "about 5 ms (deviation 10 us)"),
            (Timing::LogNormal { median: two, sigma: 0.5 }, "a median of 2 ms (sigma 0.5)"),
        ] {
            assert_eq!(TimingWords(timing).to_string(), words);
        }
    }
}
