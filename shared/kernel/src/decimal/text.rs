//! Decimals as text, read and written without the formatting machinery: that cost more than all
//! else in a record.

use std::fmt;
use std::str::FromStr;

use ruint::aliases::U256;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::short::TENS;
use super::{Decimal, NotADecimal, SCALE_MAX};

/// A sign, 78 digits and a point, or a sign, `0.` and 77 digits.
const TEXT_MAX: usize = 80;

/// Most digits of a magnitude, and those that surely fit 128 and 64 bits.
const DIGITS_MAX: usize = 78;
const PART_MAX: usize = 38;
const CHUNK_MAX: usize = 19;

const ZEROS: [u8; DIGITS_MAX] = [b'0'; DIGITS_MAX];

impl Decimal {
    fn text(self, out: &mut [u8; TEXT_MAX]) -> &str {
        let length = match self.short() {
            Some(short) => self.write(itoa::Buffer::new().format(short.magnitude).as_bytes(), out),
            None => self.write(digits(self.magnitude, &mut [b'0'; DIGITS_MAX]), out),
        };
        std::str::from_utf8(&out[..length]).expect("digits, a sign and a point are ASCII")
    }

    /// The sign, and the point among the digits; returns the length of the text.
    fn write(self, digits: &[u8], out: &mut [u8; TEXT_MAX]) -> usize {
        let mut length = 0;
        let mut push = |bytes: &[u8]| {
            out[length..length + bytes.len()].copy_from_slice(bytes);
            length += bytes.len();
        };
        let scale = usize::from(self.scale);
        if self.negative {
            push(b"-");
        }
        match digits.len().checked_sub(scale) {
            Some(whole) if whole > 0 => {
                push(&digits[..whole]);
                if scale > 0 {
                    push(b".");
                    push(&digits[whole..]);
                }
            }
            _ => {
                push(b"0.");
                push(&ZEROS[..scale - digits.len()]);
                push(digits);
            }
        }
        length
    }

    #[inline]
    fn read(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        // One number, one text: no sign but the minus, no `.5` and no `5.`.
        if !matches!(digits, [b'0'..=b'9', ..]) || digits.ends_with(b".") {
            return None;
        }
        if digits.len() <= CHUNK_MAX {
            Self::read_chunk(negative, digits)
        } else {
            Self::read_chunks(negative, digits)
        }
    }

    /// Reads what fits a machine word, as nearly every number does.
    #[inline]
    fn read_chunk(negative: bool, digits: &[u8]) -> Option<Self> {
        let (mut magnitude, mut point) = (0_u64, None);
        for (place, byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => magnitude = magnitude * 10 + u64::from(byte - b'0'),
                b'.' if point.is_none() => point = Some(place),
                _ => return None,
            }
        }
        let scale = point.map_or(0, |place| digits.len() - place - 1);
        Some(Self {
            magnitude: U256::from_limbs([magnitude, 0, 0, 0]),
            scale: u8::try_from(scale).ok()?,
            negative: negative && magnitude != 0,
        })
    }

    fn read_chunks(negative: bool, digits: &[u8]) -> Option<Self> {
        let (whole, fraction) = match memchr::memchr(b'.', digits) {
            Some(point) => (&digits[..point], &digits[point + 1..]),
            None => (digits, &[][..]),
        };
        let magnitude = if digits.len() <= PART_MAX {
            U256::from(short_of(short_of(0, whole)?, fraction)?)
        } else {
            wide_of(wide_of(U256::ZERO, whole)?, fraction)?
        };
        let scale = u8::try_from(fraction.len()).ok()?;
        (scale <= SCALE_MAX).then_some(Self {
            magnitude,
            scale,
            negative: negative && !magnitude.is_zero(),
        })
    }
}

/// The digits of any magnitude, as many at once as 128 bits hold, over zeros.
fn digits(mut magnitude: U256, out: &mut [u8; DIGITS_MAX]) -> &[u8] {
    let mut start = out.len();
    let mut buffer = itoa::Buffer::new();
    while magnitude.bit_len() > u128::BITS as usize {
        let (upper, lower) = magnitude.div_rem(U256::from(TENS[PART_MAX]));
        let part = buffer.format(lower.to::<u128>()).as_bytes();
        out[start - part.len()..start].copy_from_slice(part);
        (magnitude, start) = (upper, start - PART_MAX);
    }
    let front = buffer.format(magnitude.to::<u128>()).as_bytes();
    let length = start;
    start -= front.len();
    out[start..length].copy_from_slice(front);
    &out[start..]
}

/// `magnitude` with more digits behind it, 38 at most.
fn short_of(magnitude: u128, digits: &[u8]) -> Option<u128> {
    digits.chunks(CHUNK_MAX).try_fold(magnitude, |sum, chunk| {
        Some(sum * TENS[chunk.len()] + u128::from(word_of(chunk)?))
    })
}

/// `magnitude` with more digits behind it.
fn wide_of(magnitude: U256, digits: &[u8]) -> Option<U256> {
    digits.chunks(CHUNK_MAX).try_fold(magnitude, |sum, chunk| {
        sum.checked_mul(U256::from(TENS[chunk.len()]))?
            .checked_add(U256::from(word_of(chunk)?))
    })
}

fn word_of(chunk: &[u8]) -> Option<u64> {
    chunk.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u64::from(byte - b'0'))
    })
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad_integral(!self.negative, "", self.abs().text(&mut [0; TEXT_MAX]))
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl NotADecimal {
    #[cold]
    fn of(text: &str) -> Self {
        Self(text.chars().take(64).collect())
    }
}

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        match Self::read(text) {
            Some(number) => Ok(number),
            None => Err(NotADecimal::of(text)),
        }
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text(&mut [0; TEXT_MAX]))
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl de::Visitor<'_> for Text {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal number in a string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
                Decimal::read(text).ok_or_else(|| E::custom(NotADecimal::of(text)))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for Decimal {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^-?\d+(\.\d+)?$", "maxLength": TEXT_MAX })
    }
}
