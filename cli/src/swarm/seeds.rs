//! Which seeds a run is for.

use std::ops::Range;
use std::str::FromStr;

/// Seeds from one on, to before another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seeds(pub(super) Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seeds, String> {
        let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
        let range: Range<u64> = range.ok_or("two numbers, as in 0..1000")?;
        if range.is_empty() {
            return Err(format!("there is no seed from {} to before {}", range.start, range.end));
        }
        Ok(Seeds(range))
    }
}

/// One of several parts of all seeds, each of which can be run on a machine of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    part: u64,
    of: u64,
}

impl Shard {
    /// All seeds.
    pub(super) const WHOLE: Shard = Shard { part: 1, of: 1 };

    /// Whether `seed` belongs to it.
    pub(super) fn has(self, seed: u64) -> bool {
        seed % self.of == self.part - 1
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let shard = text
            .split_once('/')
            .and_then(|(part, of)| Some(Shard { part: part.parse().ok()?, of: of.parse().ok()? }));
        let shard = shard.ok_or("a part and how many there are, as in 2/8")?;
        if !(1..=shard.of).contains(&shard.part) {
            return Err(format!("parts are counted from 1/{0} to {0}/{0}", shard.of.max(1)));
        }
        Ok(shard)
    }
}

#[cfg(test)]
mod tests {
    use super::{Seeds, Shard};

    #[test]
    fn seeds_are_a_range_that_is_not_empty() {
        assert_eq!("3..7".parse(), Ok(Seeds(3..7)));
        for text in ["", "7", "7..", "..7", "7..7", "7..3", "-1..3", "a..b", "1...3", "1..=3"] {
            assert!(text.parse::<Seeds>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_parts_of_all_seeds_have_each_seed_once() {
        let parts: Vec<Shard> = (1..=8).map(|part| format!("{part}/8").parse().expect("valid")).collect();
        for seed in 0..100 {
            assert_eq!(parts.iter().filter(|part| part.has(seed)).count(), 1, "{seed}");
        }
        assert!((0..100).all(|seed| Shard::WHOLE.has(seed)));
        for text in ["", "1", "0/0", "0/8", "9/8", "1/0", "-1/2", "1/x", "1/2/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
