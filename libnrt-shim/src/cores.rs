//! The logical cores that a process asks for, and how it writes them.

use std::collections::BTreeSet;

/// Cores that one process can have (observed).
pub(crate) const CORES_MAX: u32 = 256;

/// Which logical cores of the machine a process asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// All there are.
    All,
    /// These, counted on the host.
    Range { first: u32, count: u32 },
    /// Any so many that are free.
    Any(u32),
}

impl Cores {
    /// How many that is on a machine with `total`.
    pub(crate) fn count(self, total: u32) -> u32 {
        match self {
            Cores::All => total,
            Cores::Range { count, .. } | Cores::Any(count) => count,
        }
    }
}

/// Reads a list such as `0-3` or `4,5`: indices and ranges that make one contiguous set (guide).
pub(crate) fn visible_cores(text: &str) -> Result<Cores, &'static str> {
    let grammar = "a list of cores and ranges such as 0,1 or 4-7";
    let mut set = BTreeSet::new();
    for token in text.split(',') {
        let (from, to) = token.split_once('-').unwrap_or((token, token));
        let (Ok(from), Ok(to)) = (from.trim().parse::<u32>(), to.trim().parse::<u32>()) else {
            return Err(grammar);
        };
        if from > to || to >= CORES_MAX {
            return Err("ranges that rise and stay below 256");
        }
        set.extend(from..=to);
    }
    let (Some(&first), Some(&last)) = (set.first(), set.last()) else { return Err(grammar) };
    let count = u32::try_from(set.len()).expect("below 256");
    if last - first + 1 != count {
        return Err("cores without a gap (Logical Neuron cores are not contiguous)");
    }
    Ok(Cores::Range { first, count })
}

#[cfg(test)]
mod tests {
    use super::{Cores, visible_cores};

    #[test]
    fn visible_cores_follow_the_documented_grammar() {
        let range = |first, count| Ok(Cores::Range { first, count });
        assert_eq!(visible_cores("0"), range(0, 1));
        assert_eq!(visible_cores("4-7"), range(4, 4));
        assert_eq!(visible_cores("3, 4,5-6,4"), range(3, 4));
        for wrong in ["3,5,6", "a", "1-", "-1", "3-1", "0-4294967295", "99999999999", ",", "0,,1"] {
            assert!(visible_cores(wrong).is_err(), "{wrong}");
        }
    }
}
