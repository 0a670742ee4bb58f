use std::fmt::{self, Display};

use xxhash_rust::xxh3::Xxh3;

use crate::signature::Signature;

/// Hexadecimal digits of a key.
const DIGITS: usize = 32;

/// Which recording belongs to some inputs: their hash.
///
/// XXH3 with 128 bits over all inputs by name, and for each of them: the length of the name, the name, the
/// number of bytes, the bytes. Lengths are 64-bit numbers, little end first. Chosen here: it is quick even
/// for gigabytes of weights, and nobody gains from making two inputs collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(u128);

impl Key {
    /// The key of `inputs`, which are in the order of the signature.
    pub fn of(signature: &Signature, inputs: &[&[u8]]) -> Key {
        let mut hash = Xxh3::new();
        for (spec, input) in signature.inputs.iter().zip(inputs) {
            for part in [spec.name.as_bytes(), input] {
                hash.update(&(part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        Key(hash.digest128())
    }

    /// The key in the name of a recorded tensor, and the name of the output.
    pub(super) fn of_name(name: &str) -> Option<(Key, &str)> {
        let (digits, output) = name.split_once('/')?;
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if digits.len() != DIGITS || !digits.bytes().all(is_digit) {
            return None;
        }
        Some((Key(u128::from_str_radix(digits, 16).ok()?), output))
    }

    /// The name of the tensor for `output`.
    pub(super) fn name(self, output: &str) -> String {
        format!("{self}/{output}")
    }
}

/// 32 hexadecimal digits.
impl Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0DIGITS$x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::neff::{Dtype, TensorSpec, Usage};

    use super::Key;
    use crate::signature::Signature;

    fn key(inputs: &[(&str, &[u8])]) -> Key {
        let spec = |name: &str| TensorSpec::new(name, Usage::Input, Dtype::U8, []);
        let specs: Vec<TensorSpec> = inputs.iter().map(|(name, _)| spec(name)).collect();
        let bytes: Vec<&[u8]> = inputs.iter().map(|(_, bytes)| *bytes).collect();
        Key::of(&Signature { inputs: specs, outputs: Vec::new() }, &bytes)
    }

    #[test]
    fn a_key_is_the_hash_that_other_tools_have() {
        // XXH3-128 of nothing, as in the reference implementation's tests.
        assert_eq!(key(&[]).to_string(), "99aa06d3014798d86001c324468d497f");
    }

    #[test]
    fn names_lengths_and_bytes_make_the_key() {
        let all = [
            key(&[("x", b"ab"), ("y", b"c")]),
            key(&[("x", b"a"), ("y", b"bc")]),
            key(&[("x", b"ac"), ("y", b"c")]),
            key(&[("xa", b"b"), ("y", b"c")]),
            key(&[("y", b"ab"), ("x", b"c")]),
        ];
        for (place, key) in all.iter().enumerate() {
            assert!(!all[..place].contains(key), "{place}");
        }
    }

    #[test]
    fn a_key_is_read_back_from_the_name_of_a_tensor() {
        let key = key(&[("x", b"a")]);
        assert_eq!(Key::of_name(&key.name("a/b")), Some((key, "a/b")));
        for wrong in
            ["out", "12/out", "99AA06D3014798D86001C324468D497F/out", "+9aa06d3014798d86001c324468d497/out"]
        {
            assert_eq!(Key::of_name(wrong), None, "{wrong}");
        }
    }
}
