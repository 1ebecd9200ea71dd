//! Confluent's wire format: a zero, the schema's number in four bytes, big end first, the payload.

use kernel::port::FRAME;

/// Bytes before the payload.
const PREFIX: usize = 5;

/// A framed value, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framed<'a> {
    /// The registry's number of the schema.
    pub id: u32,
    pub payload: &'a [u8],
}

/// Puts the prefix before a payload.
#[must_use]
pub fn frame(id: u32, payload: &[u8]) -> Vec<u8> {
    let mut framed = Vec::with_capacity(PREFIX + payload.len());
    framed.push(FRAME);
    framed.extend_from_slice(&id.to_be_bytes());
    framed.extend_from_slice(payload);
    framed
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

#[cfg(test)]
mod tests {
    use super::{Framed, frame, unframe};

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
