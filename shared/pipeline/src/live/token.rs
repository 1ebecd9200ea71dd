//! The id of a frame: up to where its stream has seen each partition of its views.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Longest token that is read, characters: more than 64 views of 1,024 partitions never have.
const TOKEN_MAX: usize = 16 * 1_024;
/// Raised when tokens of before mean something else.
const VERSION: u8 = 1;

/// Views that a stream shows: bit `n` stands for view `n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mask(u64);

impl Mask {
    pub(super) fn with(self, view: usize) -> Self {
        Self(self.0 | (1 << view))
    }

    pub(super) fn has(self, view: usize) -> bool {
        self.0 & (1 << view) != 0
    }

    pub(super) fn views(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |view| self.has(*view))
    }
}

/// What makes tokens of one installation, and one shape of its views, differ from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape(pub(super) u64);

/// Writes the token; `positions` are those of the views in the mask, one partition after the other.
pub(super) fn write(shape: Shape, mask: Mask, positions: impl Iterator<Item = u64>) -> String {
    let mut bytes = vec![VERSION];
    bytes.extend_from_slice(&shape.0.to_be_bytes());
    varint(&mut bytes, mask.0);
    positions.for_each(|position| varint(&mut bytes, position));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The positions of a token, as many as there must be; `None` for one of another installation, of other
/// views, or none at all.
pub(super) fn read(token: &str, shape: Shape, mask: Mask, positions: usize) -> Option<Vec<u64>> {
    if token.len() > TOKEN_MAX {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (version, rest) = bytes.split_first()?;
    let (of, mut rest) = rest.split_first_chunk::<8>()?;
    let is_ours = *version == VERSION && u64::from_be_bytes(*of) == shape.0;
    if !is_ours || unvarint(&mut rest)? != mask.0 {
        return None;
    }
    let read: Option<Vec<u64>> = (0..positions).map(|_| unvarint(&mut rest)).collect();
    read.filter(|_| rest.is_empty())
}

/// Seven bits a byte, the lowest first; the eighth says that more follow.
fn varint(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low & 0x7f);
        }
        out.push(low | 0x80);
    }
}

fn unvarint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for place in 0..10 {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        let moved = bits << (7 * place);
        if moved >> (7 * place) != bits {
            return None;
        }
        number |= moved;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Mask, Shape, read, write};

    const SHAPE: Shape = Shape(7);

    proptest! {
        #[test]
        fn token_is_read_as_it_was_written(positions in prop::collection::vec(any::<u64>(), 0..40)) {
            let mask = Mask::default().with(2).with(63);
            let token = write(SHAPE, mask, positions.iter().copied());
            prop_assert_eq!(read(&token, SHAPE, mask, positions.len()), Some(positions.clone()));
            prop_assert_eq!(read(&token, Shape(8), mask, positions.len()), None);
            prop_assert_eq!(read(&token, SHAPE, mask.with(0), positions.len()), None);
            prop_assert_eq!(read(&token, SHAPE, mask, positions.len() + 1), None);
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*", positions in 0_usize..9) {
            read(&text, SHAPE, Mask::default().with(1), positions);
        }
    }
}
