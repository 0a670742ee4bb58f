//! Simulated time: instants and spans in whole nanoseconds.

use std::ops::Add;

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
