//! Patterns of names, hashes and signatures.

use serde::{Deserialize, Deserializer};
use wildmatch::WildMatch;

/// A text in which `*` stands for any text and `?` for any one character.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern(WildMatch);

impl Pattern {
    /// Whether all of `text` is meant.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.matches(text)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pattern, D::Error> {
        String::deserialize(deserializer).map(|text| Pattern(WildMatch::new(&text)))
    }
}

/// Reads a pattern of hexadecimal digits, large or small.
pub(crate) fn hexadecimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pattern>, D::Error> {
    let text = String::deserialize(deserializer)?.to_ascii_lowercase();
    match text.chars().find(|char| !char.is_ascii_hexdigit() && !"*?".contains(*char)) {
        None => Ok(Some(Pattern(WildMatch::new(&text)))),
        Some(wrong) => Err(serde::de::Error::custom(format!(
            "{wrong:?} in {text:?}: expected hexadecimal digits without dashes, * and ?"
        ))),
    }
}

/// Reads a pattern in which spaces do not count.
pub(crate) fn spaceless<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pattern>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text: String = text.chars().filter(|char| !char.is_whitespace()).collect();
    Ok(Some(Pattern(WildMatch::new(&text))))
}
