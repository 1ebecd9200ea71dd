//! Exact decimals: every operation returns the exact result or an error.

mod oper;
mod short;
#[cfg(test)]
mod tests;
mod text;
mod wide;

use ruint::aliases::U256;

use crate::label::{Label, LabelKind};
use short::Short;
use wide::Wide;

/// A decimal number of up to 77 significant digits; JSON form is a string such as `"12.50"`.
///
/// It is `magnitude` × 10^-`scale` with a magnitude below 2^256: a product of two amounts of 36
/// digits, and of a multiplier of four more, is exact. What is wider is refused with [`Inexact`],
/// never rounded. Nearly every number fits 128 bits and is reckoned with in those.
///
/// Places are kept as written, so `1.50` is displayed as such; it equals `1.5`, also as a key.
#[derive(Clone, Copy, Default)]
pub struct Decimal {
    magnitude: U256,
    scale: u8,
    /// Never of zero.
    negative: bool,
}

/// The exact result does not fit into 77 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exact result needs more than 77 digits")]
pub struct Inexact;

/// The text is not a plain decimal number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a plain decimal number such as -12.50 of at most 77 digits")]
pub struct NotADecimal(String);

/// Most decimal places: a fraction of 77 digits still has a magnitude below 2^256.
const SCALE_MAX: u8 = 77;

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self::whole(0);
    /// A single unit.
    pub const ONE: Self = Self::whole(1);

    const fn whole(number: u64) -> Self {
        Self {
            magnitude: U256::from_limbs([number, 0, 0, 0]),
            scale: 0,
            negative: false,
        }
    }

    /// `mantissa` × 10^-`scale`; `scale` ≤ 77, or `None`.
    #[must_use]
    pub fn from_parts(mantissa: i128, scale: u32) -> Option<Self> {
        let scale = admitted(scale)?;
        let number = Short {
            negative: mantissa < 0,
            magnitude: mantissa.unsigned_abs(),
            scale,
        };
        Some(number.into())
    }

    /// `mantissa` × 10^-`scale`, the mantissa a two's complement with its big end first, as Avro and
    /// Java write it; `scale` ≤ 77 and the mantissa of at most 256 bits, or `None`.
    #[must_use]
    pub fn from_be_bytes(mantissa: &[u8], scale: u32) -> Option<Self> {
        const BYTES: usize = 32;
        let negative = mantissa.first().is_some_and(|first| first & 0x80 != 0);
        let sign = if negative { 0xff } else { 0 };
        let (more, least) = mantissa.split_at(mantissa.len().saturating_sub(BYTES));
        let mut extended = [sign; BYTES];
        extended[BYTES - least.len()..].copy_from_slice(least);
        let bits = U256::from_be_bytes(extended);
        let magnitude = if negative { bits.wrapping_neg() } else { bits };
        // Of 256 zeros below a minus, the number is -2^256.
        let fits = more.iter().all(|byte| *byte == sign) && !(negative && magnitude.is_zero());
        let scale = admitted(scale).filter(|_| fits)?;
        Some(Self {
            magnitude,
            scale,
            negative,
        })
    }

    /// Decimal places as written, trailing zeros included.
    #[must_use]
    pub fn scale(self) -> u32 {
        self.scale.into()
    }

    /// Decimal places without trailing zeros.
    #[must_use]
    pub fn places(self) -> u32 {
        self.normalized().scale()
    }

    /// Whether it is 0, with whatever decimal places.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.magnitude.is_zero()
    }

    /// Whether it is above 0.
    #[must_use]
    pub fn is_positive(self) -> bool {
        !self.negative && !self.is_zero()
    }

    /// Whether it is below 0.
    #[must_use]
    pub fn is_negative(self) -> bool {
        self.negative
    }

    /// Without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self {
            negative: false,
            ..self
        }
    }

    /// With the other sign; 0 has none.
    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            negative: self.is_positive(),
            ..self
        }
    }
}

fn admitted(scale: u32) -> Option<u8> {
    u8::try_from(scale).ok().filter(|scale| *scale <= SCALE_MAX)
}

impl From<i64> for Decimal {
    fn from(whole: i64) -> Self {
        Self {
            negative: whole < 0,
            ..Self::whole(whole.unsigned_abs())
        }
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
