//! Exact decimals: every operation either gives the exact result or says that it cannot.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal as Raw, RoundingStrategy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::label::{Label, LabelKind};

/// A decimal number of up to 28 significant digits; JSON form is a string such as `"12.50"`.
///
/// `rust_decimal` silently rounds a sum or product that needs more digits than it has. Money may
/// not, so every operation here is checked and returns [`Inexact`] instead.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(Raw);

/// The exact result does not fit into 28 significant digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exact result needs more than 28 significant digits")]
pub struct Inexact;

/// The text is not a plain decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a plain decimal number such as -12.50 of at most 28 digits")]
pub struct NotADecimal(String);

impl Decimal {
    pub const ZERO: Self = Self(Raw::ZERO);
    pub const ONE: Self = Self(Raw::ONE);

    /// `mantissa` × 10^-`scale`; `scale` ≤ 28 and |`mantissa`| < 2^96, or `None`.
    #[must_use]
    pub fn from_parts(mantissa: i128, scale: u32) -> Option<Self> {
        Raw::try_from_i128_with_scale(mantissa, scale)
            .ok()
            .map(Self)
    }

    /// Decimal places as written, trailing zeros included.
    #[must_use]
    pub fn scale(self) -> u32 {
        self.0.scale()
    }

    /// Decimal places without trailing zeros.
    #[must_use]
    pub fn places(self) -> u32 {
        self.0.normalize().scale()
    }

    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    #[must_use]
    pub fn is_positive(self) -> bool {
        self.0.is_sign_positive() && !self.0.is_zero()
    }

    #[must_use]
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    #[must_use]
    pub fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Without trailing zeros; `-0` becomes `0`. Equal numbers then have equal texts.
    #[must_use]
    pub fn normalized(self) -> Self {
        Self(self.0.normalize())
    }

    /// # Errors
    /// [`Inexact`] when digits would be lost.
    pub fn plus(self, other: Self) -> Result<Self, Inexact> {
        // Trailing zeros would ask for digits that the value does not need.
        let (left, right) = (self.0.normalize(), other.0.normalize());
        let sum = left.checked_add(right).ok_or(Inexact)?;
        // A sum has as many places as the longer operand; fewer means it was rounded to fit.
        if sum.scale() < left.scale().max(right.scale()) {
            return Err(Inexact);
        }
        Ok(Self(sum))
    }

    /// # Errors
    /// [`Inexact`] when digits would be lost.
    pub fn minus(self, other: Self) -> Result<Self, Inexact> {
        self.plus(other.negated())
    }

    /// # Errors
    /// [`Inexact`] when digits would be lost.
    pub fn times(self, other: Self) -> Result<Self, Inexact> {
        let (left, right) = (self.normalized().0, other.normalized().0);
        if left.is_zero() || right.is_zero() {
            return Ok(Self::ZERO);
        }
        let product = left.checked_mul(right).ok_or(Inexact)?;
        if product.scale() < left.scale() + right.scale() {
            return Err(Inexact);
        }
        Ok(Self(product))
    }

    /// The quotient rounded half-even to `places` decimal places: the one operation that rounds,
    /// so its caller names where.
    ///
    /// # Errors
    /// [`Inexact`] on a zero divisor or when the rounded quotient does not fit.
    pub fn over(self, divisor: Self, places: u32) -> Result<Self, Inexact> {
        let quotient = self.0.checked_div(divisor.0).ok_or(Inexact)?;
        Ok(Self(quotient).rounded(places))
    }

    /// Rounded half-even to `places` decimal places: 0.125 → 0.12, 0.135 → 0.14, −0.125 → −0.12.
    #[must_use]
    pub fn rounded(self, places: u32) -> Self {
        Self(
            self.0
                .round_dp_with_strategy(places, RoundingStrategy::MidpointNearestEven),
        )
    }
}

impl From<i64> for Decimal {
    fn from(whole: i64) -> Self {
        Self(Raw::from(whole))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A sign, 29 digits and a point, or a sign, `0.` and 28 digits.
const TEXT_MAX: usize = 31;

impl Decimal {
    /// The text of `Display` without its machinery, which cost more than all else in a record.
    fn text(self, out: &mut [u8; TEXT_MAX]) -> &str {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(self.0.mantissa().unsigned_abs()).as_bytes();
        let scale = self.0.scale() as usize;
        let mut length = 0;
        let mut push = |bytes: &[u8]| {
            out[length..length + bytes.len()].copy_from_slice(bytes);
            length += bytes.len();
        };
        if self.0.is_sign_negative() {
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
        std::str::from_utf8(&out[..length]).expect("digits, a sign and a point are ASCII")
    }

    /// Reads what fits a machine word, as nearly every number does; `None` for all else.
    fn short(text: &str) -> Option<Self> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', digits @ ..] => (true, digits),
            digits => (false, digits),
        };
        if digits.len() > SHORT_MAX || !digits.first()?.is_ascii_digit() {
            return None;
        }
        let (mut mantissa, mut point) = (0_i64, None);
        for (place, byte) in digits.iter().enumerate() {
            match byte {
                b'0'..=b'9' => mantissa = mantissa * 10 + i64::from(byte - b'0'),
                b'.' if point.is_none() => point = Some(place),
                _ => return None,
            }
        }
        let scale = match point {
            Some(place) if place + 1 == digits.len() => return None,
            Some(place) => digits.len() - place - 1,
            None => 0,
        };
        let mut number = Raw::new(mantissa, u32::try_from(scale).ok()?);
        number.set_sign_negative(negative && mantissa != 0);
        Some(Self(number))
    }
}

/// As many as a number can have behind its point.
const ZEROS: [u8; 28] = [b'0'; 28];

/// Digits and point that surely fit 63 bits.
const SHORT_MAX: usize = 18;

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        if let Some(short) = Self::short(text) {
            return Ok(short);
        }
        let refused = || NotADecimal(text.chars().take(64).collect());
        let digits = text.strip_prefix('-').unwrap_or(text);
        // `rust_decimal` also reads `1_000`, `+1` and `.5`; one number, one text.
        let plain = digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
            && digits.starts_with(|first: char| first.is_ascii_digit())
            && !digits.ends_with('.');
        if !plain {
            return Err(refused());
        }
        Raw::from_str_exact(text).map(Self).map_err(|_| refused())
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
                text.parse().map_err(E::custom)
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
        json_schema!({ "type": "string", "pattern": r"^-?\d+(\.\d+)?$", "maxLength": 31 })
    }
}

/// Kind of [`Currency`].
pub enum CurrencyKind {}
impl LabelKind for CurrencyKind {
    const NAME: &'static str = "currency";
    const MAX: usize = 3;
    const PATTERN: &'static str = "^[A-Z]{3}$";
    fn admits(byte: u8) -> bool {
        byte.is_ascii_uppercase()
    }
}
/// An ISO 4217 alphabetic code, such as `USD`.
pub type Currency = Label<CurrencyKind>;

#[cfg(test)]
mod tests {
    use super::{Decimal, Inexact, Raw};
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn half_even_rounds_to_the_even_neighbour() {
        for (from, places, to) in [
            ("0.125", 2, "0.12"),
            ("0.135", 2, "0.14"),
            ("2.5", 0, "2"),
            ("-0.125", 2, "-0.12"),
        ] {
            assert_eq!(d(from).rounded(places), d(to));
        }
    }

    #[test]
    fn sum_that_would_lose_digits_is_refused() {
        let large = d("7922816251426433759354395033");
        assert_eq!(large.plus(d("0.01")), Err(Inexact));
        assert_eq!(large.plus(d("1.00")), Ok(d("7922816251426433759354395034")));
    }

    #[test]
    fn product_that_would_lose_digits_is_refused() {
        assert_eq!(
            d("0.00000000000001").times(d("0.000000000000001")),
            Err(Inexact)
        );
        assert_eq!(d("100").times(d("49.1800")), Ok(d("4918")));
    }

    #[test]
    fn only_plain_decimals_are_read() {
        for text in [
            "", "+1", "1_000", ".5", "5.", "1e3", "NaN", "--1", "1.2.3", " 1",
        ] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn written_text_is_the_displayed_one_and_reads_back(mantissa in -(1i128 << 96) + 1..1i128 << 96, bits in 0u32..96, scale in 0u32..29) {
            let number = Decimal::from_parts(mantissa >> bits, scale).unwrap();
            let written = serde_json::to_string(&number).unwrap();
            prop_assert_eq!(&written, &format!("\"{number}\""));
            let read: Decimal = serde_json::from_str(&written).unwrap();
            prop_assert_eq!((read, read.scale()), (number, number.scale()));
        }

        #[test]
        fn short_texts_read_as_the_library_reads_them(text in "-?[0-9.]{1,18}") {
            let read = text.parse::<Decimal>().ok();
            let plain = !text.trim_start_matches('-').starts_with('.') && !text.ends_with('.');
            let library = Raw::from_str_exact(&text).ok().filter(|_| plain).map(Decimal);
            prop_assert_eq!(read.map(|read| read.to_string()), library.map(|library| library.to_string()));
        }

        #[test]
        fn sums_agree_with_integers(a in -1_000_000_000_000i64..1_000_000_000_000, b in -1_000_000_000_000i64..1_000_000_000_000, sa in 0u32..12, sb in 0u32..12) {
            let left = Decimal::from_parts(a.into(), sa).unwrap();
            let right = Decimal::from_parts(b.into(), sb).unwrap();
            let scale = sa.max(sb);
            let whole = i128::from(a) * 10i128.pow(scale - sa) + i128::from(b) * 10i128.pow(scale - sb);
            prop_assert_eq!(left.plus(right).unwrap(), Decimal::from_parts(whole, scale).unwrap());
        }
    }
}
