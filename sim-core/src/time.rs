//! Simulated time: instants and spans in whole nanoseconds.

use std::ops::Add;
use std::time::Duration;

/// A simulated instant: nanoseconds since the device was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tick(pub u64);

/// A simulated span in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(pub u64);

impl Tick {
    /// The instant the device was opened.
    pub const ZERO: Tick = Tick(0);
    /// Later than everything that happens.
    pub const END: Tick = Tick(u64::MAX);
}

impl Nanos {
    /// How long it is on a clock on which a simulated second takes `scale` seconds; none if that is for ever.
    pub(crate) fn scaled(self, scale: f64) -> Option<Duration> {
        Duration::try_from_secs_f64(self.0 as f64 * scale / 1e9).ok()
    }
}

impl Add<Nanos> for Tick {
    type Output = Tick;

    /// Saturates: 584 years of simulated time are enough, and overflow must not wrap into the past.
    fn add(self, span: Nanos) -> Tick {
        Tick(self.0.saturating_add(span.0))
    }
}

impl Add for Nanos {
    type Output = Nanos;

    /// Saturates, as instants do.
    fn add(self, other: Nanos) -> Nanos {
        Nanos(self.0.saturating_add(other.0))
    }
}
