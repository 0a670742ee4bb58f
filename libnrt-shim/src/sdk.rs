//! Which release of the SDK the library behaves as.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

/// An SDK release, 2.28 to 2.33.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sdk {
    minor: u8,
}

impl Default for Sdk {
    fn default() -> Sdk {
        Sdk { minor: 30 }
    }
}

impl FromStr for Sdk {
    type Err = ();

    fn from_str(text: &str) -> Result<Sdk, ()> {
        let minor = text.strip_prefix("2.").and_then(|minor| minor.parse().ok());
        minor.filter(|minor| (28..=33).contains(minor)).map(|minor| Sdk { minor }).ok_or(())
    }
}

impl Display for Sdk {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "2.{}", self.minor)
    }
}

impl Sdk {
    /// Version of the library that came with it: major, minor, patch, maintenance (release notes).
    pub(crate) fn library_version(self) -> [u64; 4] {
        match self.minor {
            28 => [2, 30, 50, 0],
            29 => [2, 31, 24, 0],
            30 => [2, 32, 31, 0],
            31 => [2, 33, 10, 0],
            32 => [2, 34, 10, 0],
            _ => [2, 35, 30, 0],
        }
    }

    /// Whether tensors can be placed in plain host memory (removed in 2.30).
    pub(crate) fn has_virtual_placement(self) -> bool {
        self.minor < 30
    }

    /// Milliseconds that a collective operation may take; without limit from 2.31 on (release notes).
    pub(crate) fn collective_limit_ms(self) -> Option<u64> {
        match self.minor {
            28 => Some(100),
            29 | 30 => Some(30_000),
            _ => None,
        }
    }

    /// Whether the use of implicit async mode is warned of (since 2.30).
    pub(crate) fn warns_of_implicit_async(self) -> bool {
        self.minor >= 30
    }

    /// Whether implicit async mode exists (removed in 2.31).
    pub(crate) fn has_implicit_async(self) -> bool {
        self.minor < 31
    }
}
