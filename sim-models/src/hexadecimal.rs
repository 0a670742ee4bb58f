//! Bytes as people write them.

/// `bytes` in small hexadecimal digits, two for each, from the first on.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::hexadecimal;

    #[test]
    fn every_byte_has_two_digits_in_its_order() {
        assert_eq!(hexadecimal(&[0x0a, 0xbc, 0, 0xff]), "0abc00ff");
        assert_eq!(hexadecimal(&[]), "");
    }
}
