//! A look at the bytes of an ONNX file before anything parses them.
//!
//! The parser takes each length at its word and each level of nesting on the stack, so a damaged file could
//! end the process. After this look it cannot: all lengths fit, and nothing is nested deeply.

/// Messages within messages. A subgraph within an operator takes three.
const DEPTH_MAX: usize = 100;

/// Messages of any kind. A parser has a few hundred bytes for each, even if the file has but two; a network of as
/// many operators as are taken has not half as many.
const MESSAGES_MAX: usize = 1_000_000;

/// The kinds of message of ONNX (`onnx.proto`), as far as the parser goes into them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Value,
    Type,
    TensorType,
    SequenceType,
    Shape,
    /// Has no messages in it: an entry, an operator set, a dimension.
    Flat,
}

impl Kind {
    /// What field `number` of such a message is, if it is a message.
    fn field(self, number: u64) -> Option<Kind> {
        match (self, number) {
            (Kind::Model, 7) | (Kind::Attribute, 6) => Some(Kind::Graph),
            (Kind::Model, 8 | 14) | (Kind::Tensor, 13) | (Kind::Shape, 1) => Some(Kind::Flat),
            (Kind::Graph, 1) => Some(Kind::Node),
            (Kind::Graph, 5) | (Kind::Attribute, 5) => Some(Kind::Tensor),
            (Kind::Graph, 11..=13) => Some(Kind::Value),
            (Kind::Node, 5) => Some(Kind::Attribute),
            (Kind::Value, 2) | (Kind::SequenceType, 1) => Some(Kind::Type),
            (Kind::Type, 1) => Some(Kind::TensorType),
            (Kind::Type, 4) => Some(Kind::SequenceType),
            (Kind::TensorType, 2) => Some(Kind::Shape),
            _ => None,
        }
    }
}

/// Whether `bytes` are messages of ONNX within messages, each of which fits where it stands; else what is
/// wrong, and where.
pub(super) fn check(bytes: &[u8]) -> Result<(), String> {
    // What is left to look at: in each open message, from where to where.
    let mut open = vec![(Kind::Model, 0, bytes.len())];
    let mut messages = 0;
    while let Some((kind, at, end)) = open.pop() {
        if at == end {
            continue;
        }
        let mut place = at;
        let wrong = |what: &str| format!("{what} at byte {at}");
        let tag = varint(&bytes[..end], &mut place).ok_or_else(|| wrong("it breaks off"))?;
        let length = match tag & 7 {
            0 => varint(&bytes[..end], &mut place).map(|_| 0),
            1 => Some(8),
            2 => varint(&bytes[..end], &mut place),
            5 => Some(4),
            _ => return Err(wrong("it has no ONNX")),
        };
        let after = length
            .and_then(|length| usize::try_from(length).ok())
            .and_then(|length| place.checked_add(length))
            .filter(|&after| after <= end)
            .ok_or_else(|| wrong("it breaks off"))?;
        open.push((kind, after, end));
        if let (2, Some(inner)) = (tag & 7, kind.field(tag >> 3)) {
            open.push((inner, place, after));
            messages += 1;
            if messages > MESSAGES_MAX {
                return Err(format!("it has more than {MESSAGES_MAX} parts"));
            }
            if open.len() > DEPTH_MAX {
                return Err(wrong("it has more subgraphs in subgraphs than can be handled"));
            }
        }
    }
    Ok(())
}

/// The number at `place`, seven bits a byte, which is then behind it.
fn varint(bytes: &[u8], place: &mut usize) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*place)?;
        *place += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::check;

    /// A field that holds `content`.
    fn field(number: u8, content: &[u8]) -> Vec<u8> {
        let mut bytes = vec![number << 3 | 2];
        let mut length = content.len();
        while length >= 0x80 {
            bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend(content);
        bytes
    }

    fn nested(levels: usize) -> Vec<u8> {
        let inner = (0..levels).fold(Vec::new(), |graph, _| field(1, &field(5, &field(6, &graph))));
        field(7, &inner)
    }

    #[test]
    fn a_length_that_does_not_fit_is_found_wherever_it_stands() {
        let good = field(7, &field(1, &field(3, b"name")));
        assert_eq!(check(&good), Ok(()));
        for end in 1..good.len() {
            assert!(check(&good[..end]).is_err(), "{end} bytes");
        }
        // A name that says it takes 2^62 bytes.
        let mut long = vec![2 << 3 | 2];
        long.extend([0x80; 8]);
        long.push(0x40);
        assert_eq!(check(&long), Err("it breaks off at byte 0".to_owned()));
    }

    #[test]
    fn a_file_has_a_limit_of_parts_however_small_they_are() {
        let weights = |count: usize| field(7, &field(5, &[]).repeat(count));
        assert_eq!(check(&weights(900_000)), Ok(()));
        assert_eq!(check(&weights(1_000_000)), Err("it has more than 1000000 parts".to_owned()));
    }

    #[test]
    fn nesting_has_a_limit_and_groups_are_no_onnx() {
        assert_eq!(check(&nested(30)), Ok(()));
        assert!(check(&nested(40)).is_err());
        assert!(check(&nested(5000)).is_err());
        assert!(check(&[1 << 3 | 3]).is_err());
    }
}
