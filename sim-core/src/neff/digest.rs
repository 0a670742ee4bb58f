use md5::{Digest, Md5};
use sha2::Sha256;

/// The hash of `data` as the compiler writes it into a header of this package version.
pub(super) fn stored(pkg_version: u64, data: &[u8]) -> [u8; 32] {
    if pkg_version == 1 {
        return sha256(data);
    }
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&Md5::digest(data));
    words_reversed(hash)
}

pub(super) fn sha256(data: &[u8]) -> [u8; 32] {
    Sha256::digest(data).into()
}

/// Which hash a package version uses (guide).
pub(super) fn algorithm(pkg_version: u64) -> &'static str {
    if pkg_version == 1 { "SHA-256" } else { "MD5" }
}

/// The same 32-bit words in the other byte order.
pub(super) fn words_reversed(mut hash: [u8; 32]) -> [u8; 32] {
    hash.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    hash
}

pub(super) fn hex(hash: &[u8]) -> String {
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_md5_is_stored_with_its_words_reversed_and_zeros_after_it() {
        // The MD5 of nothing is d41d8cd98f00b204e9800998ecf8427e.
        let expected = "d98c1dd404b2008f980980e97e42f8ec".to_owned() + &"0".repeat(32);
        assert_eq!(hex(&stored(2, b"")), expected);
    }
}
