//! What a case draws, all of it from its seed.

use rand_core::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of values that follow from a seed.
pub(super) struct Luck(Xoshiro256PlusPlus);

impl Luck {
    pub(super) fn of(seed: u64) -> Luck {
        Luck(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A number below `limit`, which is not 0.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        let product = u128::from(self.0.next_u64()) * u128::from(limit);
        u64::try_from(product >> 64).expect("less than the limit")
    }

    /// A number from `least` to `most`.
    pub(super) fn from(&mut self, least: u64, most: u64) -> u64 {
        least + self.below(most - least + 1)
    }

    /// Whether something happens that does in one of so many cases.
    pub(super) fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    /// One of `things`, of which there are some.
    pub(super) fn pick<T: Copy>(&mut self, things: &[T]) -> T {
        things[self.place(things.len())]
    }

    /// A place among `count`.
    pub(super) fn place(&mut self, count: usize) -> usize {
        usize::try_from(self.below(count as u64)).expect("less than a length")
    }
}
