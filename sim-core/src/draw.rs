//! Luck as a function of what is decided: the seed, the queue and the number of the request.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::seq::UnitId;

/// The random values of one queue, one for each sequence number.
///
/// A value depends on the seed, the queue and the number alone, never on what was asked before: the
/// generator's stream is the queue and its position the number. Asking in order is cheap, since the
/// generator is then where it should be.
#[derive(Debug)]
pub struct Draws {
    generator: ChaCha8Rng,
    next: u64,
}

impl Draws {
    /// The values of `unit` under `seed`.
    pub fn new(seed: u64, unit: UnitId) -> Draws {
        Draws::of(seed, 0, unit.bits())
    }

    /// Other values for the same numbers: those of `subject`, at the place `bits`. Subject 0 is how long requests take.
    pub fn of(seed: u64, subject: u64, bits: u16) -> Draws {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        generator.set_stream(subject << 16 | u64::from(bits));
        Draws { generator, next: 0 }
    }

    /// The value of request `num`.
    pub fn at(&mut self, num: u64) -> u64 {
        if num != self.next {
            self.generator.set_word_pos(u128::from(num) * 2); // two 32-bit words a value
        }
        self.next = num + 1;
        self.generator.next_u64()
    }
}

#[cfg(test)]
mod tests {
    use super::Draws;
    use crate::seq::{UnitId, UnitKind};

    const UNIT: UnitId = UnitId { core: 0, kind: UnitKind::Compute, queue: 0 };

    #[test]
    fn a_value_does_not_depend_on_what_was_asked_before() {
        let mut in_order = Draws::new(7, UNIT);
        let values: Vec<u64> = (0..200).map(|num| in_order.at(num)).collect();
        let mut backwards = Draws::new(7, UNIT);
        for num in (0..200).rev() {
            assert_eq!(backwards.at(num), values[usize::try_from(num).expect("small")]);
        }
    }

    #[test]
    fn subjects_do_not_share_their_luck() {
        let mut values: Vec<u64> = (0..50).map(|subject| Draws::of(7, subject, UNIT.bits()).at(1)).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), 50);
        assert_eq!(Draws::of(7, 0, UNIT.bits()).at(1), Draws::new(7, UNIT).at(1));
    }

    #[test]
    fn queues_and_seeds_differ() {
        let other = UnitId { core: 1, ..UNIT };
        assert_ne!(Draws::new(7, UNIT).at(1), Draws::new(7, other).at(1));
        assert_ne!(Draws::new(7, UNIT).at(1), Draws::new(8, UNIT).at(1));
    }
}
