//! How long a run takes: what a user says of it, or what it costs by the rates.

use std::fmt::{self, Formatter};
use std::time::Duration;

use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::rates::Rates;
use crate::time::Nanos;

/// The longest duration that can be written, and that a run can take: a day.
const LONGEST: Nanos = Nanos(24 * 60 * 60 * 1_000_000_000);

/// The widest spread of a log-normal duration: one in six runs takes twenty times the median.
const SIGMA_MAX: f64 = 3.0;

/// What a user says about how long each run of a model takes.
///
/// In TOML: `"120us"` or `{ fixed = "120us" }`, `{ min = "100us", max = "150us" }`,
/// `{ mean = "120us", deviation = "10us" }`, or `{ median = "120us", sigma = 0.3 }`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Timing {
    /// Each takes exactly as long.
    Fixed(Nanos),
    /// Anything from `min` to `max`, all equally likely.
    Range {
        /// The shortest.
        min: Nanos,
        /// The longest.
        max: Nanos,
    },
    /// Spread around a mean like most sums of small delays; never below 0.
    Normal {
        /// The mean.
        mean: Nanos,
        /// The standard deviation.
        deviation: Nanos,
    },
    /// Spread like latencies with a long tail.
    LogNormal {
        /// Half of the runs take longer.
        median: Nanos,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
}

impl Timing {
    /// The duration that `luck` gives: the same for the same luck, and never longer than a day.
    pub fn draw(&self, luck: u64) -> Nanos {
        match *self {
            Timing::Fixed(span) => span,
            Timing::Range { min, max } => {
                let width = u128::from(max.0.saturating_sub(min.0)) + 1;
                let part = (u128::from(luck) * width) >> 64; // below the width
                Nanos(min.0.saturating_add(u64::try_from(part).unwrap_or(u64::MAX)))
            }
            Timing::Normal { mean, deviation } => {
                nanos(mean.0 as f64 + deviation.0 as f64 * standard_normal(luck))
            }
            Timing::LogNormal { median, sigma } => {
                nanos(median.0 as f64 * (sigma * standard_normal(luck)).exp())
            }
        }
    }
}

impl Timing {
    /// `factor` times `span`, within what a run can take.
    pub(crate) fn scaled(span: Nanos, factor: f64) -> Nanos {
        nanos(span.0 as f64 * factor)
    }
}

/// A value of the standard normal distribution that follows from `luck`.
fn standard_normal(luck: u64) -> f64 {
    StandardNormal.sample(&mut Xoshiro256PlusPlus::seed_from_u64(luck))
}

/// `span` in whole nanoseconds, within what a run can take.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within 0 and a day")]
fn nanos(span: f64) -> Nanos {
    Nanos(span.round().clamp(0.0, LONGEST.0 as f64) as u64)
}

/// The shortest shuffled duration, as a power of two of nanoseconds: about a microsecond.
const SHUFFLE_LEAST: u32 = 10;
/// In how many octaves a shuffled duration may lie, all equally likely: up to about a second.
const SHUFFLE_OCTAVES: u64 = 20;

/// A duration that says nothing of the request: any from a microsecond to a second, spread evenly over the octaves.
///
/// So one request may outlast a hundred thousand of another queue that come after it, or end before all of them, and
/// which of two ends first does not depend on what they do.
pub(crate) fn shuffled(luck: u64) -> Nanos {
    let (high, low) = (luck >> 32, luck & u64::from(u32::MAX));
    let octave = 1_u64 << (SHUFFLE_LEAST + u32::try_from(high % SHUFFLE_OCTAVES).expect("a few"));
    Nanos(octave + ((octave * low) >> 32)) // an octave has 30 bits at most
}

/// How long a request takes on the device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cost {
    /// About as long, by the rates of the device: it varies within their jitter.
    About(Nanos),
    /// What a user said. Nothing is added to that.
    Stated(Timing),
}

impl Cost {
    /// The duration that `luck` gives.
    pub fn draw(&self, rates: &Rates, luck: u64) -> Nanos {
        match self {
            Cost::About(span) => rates.jittered(*span, luck),
            Cost::Stated(timing) => timing.draw(luck),
        }
    }
}

impl<'de> Deserialize<'de> for Timing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timing, D::Error> {
        deserializer.deserialize_any(Words)
    }
}

/// Reads a timing from a text or a table.
struct Words;

impl<'de> Visitor<'de> for Words {
    type Value = Timing;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(r#"a duration such as "120us", or a table such as { min = "100us", max = "150us" }"#)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timing, E> {
        span(text).map(Timing::Fixed).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Timing, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        table.timing().map_err(A::Error::custom)
    }
}

/// The keys of all kinds of timing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    fixed: Option<Span>,
    min: Option<Span>,
    max: Option<Span>,
    mean: Option<Span>,
    deviation: Option<Span>,
    median: Option<Span>,
    sigma: Option<f64>,
}

impl Table {
    fn timing(self) -> Result<Timing, String> {
        let Table { fixed, min, max, mean, deviation, median, sigma } = self;
        match (fixed, (min, max), (mean, deviation), (median, sigma)) {
            (Some(Span(span)), (None, None), (None, None), (None, None)) => Ok(Timing::Fixed(span)),
            (None, (Some(Span(min)), Some(Span(max))), (None, None), (None, None)) => {
                if min > max {
                    return Err("min is above max; exchange them".into());
                }
                Ok(Timing::Range { min, max })
            }
            (None, (None, None), (Some(Span(mean)), Some(Span(deviation))), (None, None)) => {
                Ok(Timing::Normal { mean, deviation })
            }
            (None, (None, None), (None, None), (Some(Span(median)), Some(sigma))) => {
                if !(0.0..=SIGMA_MAX).contains(&sigma) {
                    return Err(format!("sigma is {sigma}; it must be from 0 to {SIGMA_MAX}"));
                }
                Ok(Timing::LogNormal { median, sigma })
            }
            _ => Err("these keys do not go together; give fixed, or min and max, or mean and deviation, \
                      or median and sigma"
                .into()),
        }
    }
}

/// A duration as text with a unit.
#[derive(Clone, Copy)]
pub(crate) struct Span(pub(crate) Nanos);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Span;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a duration as text with a unit, such as "120us""#)
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Span, E> {
                span(text).map(Span).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// The duration that `text` says.
fn span(text: &str) -> Result<Nanos, String> {
    let wrong = |why| {
        format!(
            "{text:?} is no duration: {why}; write whole numbers with a unit, such as \"120us\" or \"2ms\""
        )
    };
    let span: Duration = humantime::parse_duration(text).map_err(wrong)?;
    let nanos = u64::try_from(span.as_nanos()).map(Nanos).ok().filter(|nanos| *nanos <= LONGEST);
    nanos.ok_or_else(|| format!("{text:?} is too long; write a day at most"))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::{Cost, LONGEST, Timing};
    use crate::profile::Profile;
    use crate::time::Nanos;

    #[derive(Deserialize)]
    struct Entry {
        duration: Timing,
    }

    fn parse(text: &str) -> Result<Timing, String> {
        let entry: Result<Entry, _> = toml::from_str(&format!("duration = {text}"));
        entry.map(|entry| entry.duration).map_err(|error| error.to_string())
    }

    #[test]
    fn each_form_is_read() {
        for (text, timing) in [
            (r#""120us""#, Timing::Fixed(Nanos(120_000))),
            (r#""1ms 5us""#, Timing::Fixed(Nanos(1_005_000))),
            (r#"{ fixed = "0s" }"#, Timing::Fixed(Nanos(0))),
            (r#"{ fixed = "1day" }"#, Timing::Fixed(LONGEST)),
            (
                r#"{ min = "100us", max = "100us" }"#,
                Timing::Range { min: Nanos(100_000), max: Nanos(100_000) },
            ),
            (
                r#"{ mean = "2ms", deviation = "10ns" }"#,
                Timing::Normal { mean: Nanos(2_000_000), deviation: Nanos(10) },
            ),
            (
                r#"{ median = "1s", sigma = 0.5 }"#,
                Timing::LogNormal { median: Nanos(1_000_000_000), sigma: 0.5 },
            ),
        ] {
            assert_eq!(parse(text), Ok(timing), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        for (text, said) in [
            ("120", "such as \"120us\""),
            (r#""120""#, "with a unit"),
            (r#""-5us""#, "with a unit"),
            (r#""1e400s""#, "with a unit"),
            (r#""25h""#, "a day at most"),
            (r#""99999999999999999999s""#, "with a unit"),
            (r#"{ fixed = 3 }"#, "such as \"120us\""),
            (r#"{ min = "2us", max = "1us" }"#, "exchange them"),
            (r#"{ min = "2us" }"#, "do not go together"),
            (r#"{ fixed = "2us", min = "1us", max = "3us" }"#, "do not go together"),
            ("{}", "do not go together"),
            (r#"{ mean = "2us", sigma = 0.1 }"#, "do not go together"),
            (r#"{ median = "2us", sigma = -0.1 }"#, "from 0 to 3"),
            (r#"{ median = "2us", sigma = nan }"#, "from 0 to 3"),
            (r#"{ typical = "2us" }"#, "unknown field"),
            ("[]", "a table such as"),
        ] {
            let error = parse(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn luck_alone_decides_and_stays_within_the_range() {
        let range = Timing::Range { min: Nanos(100), max: Nanos(103) };
        let drawn = |luck: u64| range.draw(luck).0;
        assert_eq!([drawn(0), drawn(1 << 62), drawn(1 << 63), drawn(u64::MAX)], [100, 101, 102, 103]);
        let whole = Timing::Range { min: Nanos(0), max: Nanos(u64::MAX) };
        assert_eq!(whole.draw(u64::MAX), Nanos(u64::MAX));
    }

    /// The share of 4096 draws that `is` finds.
    fn share(timing: Timing, is: impl Fn(u64) -> bool) -> f64 {
        let found = (0..4096_u64).filter(|luck| is(timing.draw(*luck).0)).count();
        f64::from(u32::try_from(found).expect("small")) / 4096.0
    }

    #[test]
    fn distributions_have_the_shape_they_are_named_after() {
        let normal = Timing::Normal { mean: Nanos(1000), deviation: Nanos(100) };
        assert!((0.66..0.71).contains(&share(normal, |ns| (900..=1100).contains(&ns))));
        assert!((0.47..0.53).contains(&share(normal, |ns| ns > 1000)));
        let wide = Timing::Normal { mean: Nanos(10), deviation: LONGEST };
        assert!((0.47..0.53).contains(&share(wide, |ns| ns == 0)), "never below 0");
        let tail = Timing::LogNormal { median: Nanos(1000), sigma: 1.0 };
        assert!((0.47..0.53).contains(&share(tail, |ns| ns > 1000)));
        assert!((0.14..0.18).contains(&share(tail, |ns| ns > 2718)), "one in six is a factor e above");
        let long = Timing::LogNormal { median: LONGEST, sigma: super::SIGMA_MAX };
        assert_eq!(share(long, |ns| ns > LONGEST.0), 0.0);
    }

    #[test]
    fn what_a_user_states_is_not_jittered() {
        let rates = Profile::named("trn1").expect("built in").rates(1);
        let stated = Cost::Stated(Timing::Fixed(Nanos(120_000)));
        let about = Cost::About(Nanos(120_000));
        assert!((0..100).all(|luck| stated.draw(&rates, luck) == Nanos(120_000)));
        assert!((0..100).any(|luck| about.draw(&rates, luck) != Nanos(120_000)));
    }
}
