//! Confluent's wire format: a zero, the schema's number in four bytes, big end first, the payload.

use crate::port::FRAME;

/// Bytes before the payload.
const PREFIX: usize = 5;

/// What precedes a payload.
pub type Prefix = [u8; PREFIX];

/// A framed value, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'a> {
    /// The registry's number of the schema.
    pub id: u32,
    /// What follows the number.
    pub payload: &'a [u8],
}

/// The prefix of a schema's values.
#[must_use]
pub fn prefix(id: u32) -> Prefix {
    let [a, b, c, d] = id.to_be_bytes();
    [FRAME, a, b, c, d]
}

/// Puts the prefix before a payload.
#[must_use]
pub fn frame(id: u32, payload: &[u8]) -> Vec<u8> {
    [&prefix(id), payload].concat()
}

/// Takes a value apart; `None` when it is not framed.
#[must_use]
pub fn unframe(value: &[u8]) -> Option<Framed<'_>> {
    let (prefix, payload) = value.split_first_chunk::<PREFIX>()?;
    let [FRAME, id @ ..] = *prefix else {
        return None;
    };
    Some(Framed {
        id: u32::from_be_bytes(id),
        payload,
    })
}

/// The payload of a framed JSON object; `None` of whatever else.
#[must_use]
pub fn framed_object(value: &[u8]) -> Option<&[u8]> {
    let payload = unframe(value)?.payload;
    payload.starts_with(b"{").then_some(payload)
}

#[cfg(test)]
mod tests {
    use super::{Framed, frame, framed_object, unframe};

    #[test]
    fn frame_is_a_zero_and_the_number_with_its_big_end_first() {
        let framed = frame(0x0102_0304, b"{}");
        assert_eq!(framed, [0, 1, 2, 3, 4, b'{', b'}']);
        assert_eq!(
            unframe(&framed),
            Some(Framed {
                id: 0x0102_0304,
                payload: b"{}"
            })
        );
    }

    #[test]
    fn framed_object_is_distinguished_from_other_values() {
        assert_eq!(framed_object(&frame(7, b"{}")), Some(&b"{}"[..]));
        for value in [&frame(7, b"\x02\x06")[..], &frame(7, b""), b"{}"] {
            assert_eq!(framed_object(value), None, "{value:?}");
        }
    }

    #[test]
    fn value_without_a_whole_prefix_is_not_framed() {
        for value in [&b""[..], b"\0", b"\0\0\0\0", b"{}   ", b"\x01\0\0\0\x07{}"] {
            assert_eq!(unframe(value), None, "{value:?}");
        }
        assert_eq!(
            unframe(&[0, 0, 0, 0, 7]),
            Some(Framed {
                id: 7,
                payload: b""
            })
        );
    }
}
