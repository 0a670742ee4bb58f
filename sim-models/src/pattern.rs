//! Patterns of names, hashes and signatures.

use serde::{Deserialize, Deserializer};
use wildmatch::WildMatch;

use crate::signature;

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

/// Reads a pattern of hexadecimal digits, large or small; dashes between them do not count.
pub(crate) fn hexadecimal<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pattern>, D::Error> {
    let text = String::deserialize(deserializer)?.to_ascii_lowercase().replace('-', "");
    match text.chars().find(|char| !char.is_ascii_hexdigit() && !"*?".contains(*char)) {
        None => Ok(Some(Pattern(WildMatch::new(&text)))),
        Some(wrong) => Err(serde::de::Error::custom(format!(
            "{wrong:?} in {text:?}: expected hexadecimal digits, * and ?"
        ))),
    }
}

/// Reads a pattern of signatures. Spaces do not count, and `:f16[` stands for `:float16[`.
pub(crate) fn signature<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Pattern>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let text: String = text.chars().filter(|char| !char.is_whitespace()).collect();
    Ok(Some(Pattern(WildMatch::new(&lengthened(&text)))))
}

/// `text` with the compiler's name of each type whose short one stands between `:` and `[`.
fn lengthened(text: &str) -> String {
    let part = |part: &str| match part.split_once('[') {
        Some((short, rest)) => match signature::dtype(short) {
            Some(dtype) => format!("{}[{rest}", dtype.name()),
            None => part.to_owned(),
        },
        None => part.to_owned(),
    };
    // Before the first `:` there is a name only.
    let (first, parts) = text.split_once(':').map_or((text, None), |(first, rest)| (first, Some(rest)));
    let parts = parts.into_iter().flat_map(|parts| parts.split(':')).map(part);
    std::iter::once(first.to_owned()).chain(parts).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::lengthened;

    #[test]
    fn short_types_are_lengthened_where_a_type_can_stand_and_nowhere_else() {
        for (written, meant) in [
            ("x:f16[2,3],y:bf16[*]->z:f8e4[?]", "x:float16[2,3],y:bfloat16[*]->z:float8e4[?]"),
            ("n:0:i8[1]->m:u64[]", "n:0:int8[1]->m:uint64[]"),
            ("x:float16[2]->*", "x:float16[2]->*"),
            ("f16[2]->*:f32[*", "f16[2]->*:float32[*"),
            ("x:*f16[2],y:f16*,z:f16", "x:*f16[2],y:f16*,z:f16"),
            ("", ""),
        ] {
            assert_eq!(lengthened(written), meant);
        }
    }
}
