use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A release of the SDK whose runtime has the asynchronous interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the numbers")]
pub enum Sdk {
    #[serde(rename = "2.28")]
    V2_28,
    #[serde(rename = "2.29")]
    V2_29,
    #[serde(rename = "2.30")]
    V2_30,
    #[serde(rename = "2.31")]
    V2_31,
    #[serde(rename = "2.32")]
    V2_32,
    #[serde(rename = "2.33")]
    V2_33,
}

impl Sdk {
    /// All, oldest first.
    pub const ALL: [Sdk; 6] = [Sdk::V2_28, Sdk::V2_29, Sdk::V2_30, Sdk::V2_31, Sdk::V2_32, Sdk::V2_33];

    /// The number after "2.".
    #[must_use]
    pub fn minor(self) -> u64 {
        28 + self as u64
    }

    /// The release that a library of version `major.minor` came with: 2.30 with SDK 2.28, and so on. Newer
    /// libraries count as the newest release that is known here, older ones as the oldest.
    #[must_use]
    pub fn of_library(major: u64, minor: u64) -> Sdk {
        let newest = Sdk::ALL.len() as u64 - 1;
        let index = if major > 2 { newest } else { minor.saturating_sub(30).min(newest) };
        Sdk::ALL[usize::try_from(index).unwrap_or_default()]
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2.{}", self.minor())
    }
}

impl FromStr for Sdk {
    type Err = String;

    fn from_str(text: &str) -> Result<Sdk, String> {
        let known = |sdk: &Sdk| sdk.to_string() == text;
        let Some(sdk) = Sdk::ALL.into_iter().find(known) else {
            return Err(format!("no such release: {text}; known are 2.28 to 2.33"));
        };
        Ok(sdk)
    }
}

#[cfg(test)]
mod tests {
    use super::Sdk;

    #[test]
    fn releases_and_library_versions_belong_together() {
        assert_eq!(Sdk::of_library(2, 30), Sdk::V2_28);
        assert_eq!(Sdk::of_library(2, 31), Sdk::V2_29);
        assert_eq!(Sdk::of_library(2, 35), Sdk::V2_33);
        assert_eq!(Sdk::of_library(2, 99), Sdk::V2_33);
        assert_eq!(Sdk::of_library(2, 3), Sdk::V2_28);
        assert_eq!("2.31".parse(), Ok(Sdk::V2_31));
        assert!("2.34".parse::<Sdk>().is_err());
    }
}
