//! What one operation on any two or three decimals takes: 1024 bits hold every step.

use std::cmp::Ordering;

use ruint::Uint;
use ruint::aliases::{U256, U1024};

use super::short::rounds_up;
use super::{Decimal, Inexact, SCALE_MAX};

#[derive(Clone, Copy)]
pub(super) struct Wide {
    negative: bool,
    magnitude: U1024,
    scale: u32,
}

const TEN: U256 = U256::from_limbs([10, 0, 0, 0]);

/// The greatest power of ten that a limb holds, and its exponent.
const LIMB_TEN: (u64, u32) = (10_u64.pow(19), 19);

/// `magnitude` · 10^`exponent`.
fn scaled(mut magnitude: U1024, mut exponent: u32) -> U1024 {
    while exponent >= LIMB_TEN.1 {
        magnitude *= U1024::from(LIMB_TEN.0);
        exponent -= LIMB_TEN.1;
    }
    magnitude * U1024::from(10_u64.pow(exponent))
}

/// The quotient rounded half-even.
fn divided<const BITS: usize, const LIMBS: usize>(
    dividend: Uint<BITS, LIMBS>,
    divisor: Uint<BITS, LIMBS>,
) -> Uint<BITS, LIMBS> {
    let (quotient, rest) = dividend.div_rem(divisor);
    quotient + Uint::from(u64::from(rounds_up(quotient.bit(0), rest, divisor)))
}

impl From<Decimal> for Wide {
    fn from(number: Decimal) -> Self {
        Self {
            negative: number.negative,
            magnitude: U1024::from(number.magnitude),
            scale: number.scale.into(),
        }
    }
}

impl Wide {
    pub(super) fn plus(self, other: Self) -> Self {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.magnitude_at(scale), other.magnitude_at(scale));
        let (negative, magnitude) = if self.negative == other.negative {
            (self.negative, left + right)
        } else if left >= right {
            (self.negative, left - right)
        } else {
            (other.negative, right - left)
        };
        Self {
            negative,
            magnitude,
            scale,
        }
    }

    pub(super) fn times(self, other: Self) -> Self {
        Self {
            negative: self.negative != other.negative,
            magnitude: self.magnitude * other.magnitude,
            scale: self.scale + other.scale,
        }
    }

    /// Of a divisor other than zero.
    pub(super) fn times_over(self, factor: Self, divisor: Self, places: u8) -> Self {
        let product = self.times(factor);
        let more = u32::from(places) + divisor.scale;
        let (dividend, unit) = (
            scaled(product.magnitude, more.saturating_sub(product.scale)),
            scaled(divisor.magnitude, product.scale.saturating_sub(more)),
        );
        Self {
            negative: product.negative != divisor.negative,
            magnitude: divided(dividend, unit),
            scale: places.into(),
        }
    }

    pub(super) fn size(self, other: Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.magnitude_at(scale).cmp(&other.magnitude_at(scale))
    }

    fn magnitude_at(self, scale: u32) -> U1024 {
        scaled(self.magnitude, scale - self.scale)
    }

    /// Drops as many trailing zeros as the number is too wide.
    pub(super) fn narrow(mut self) -> Result<Decimal, Inexact> {
        while self.scale > SCALE_MAX.into() || self.magnitude.bit_len() > U256::BITS {
            let (tenth, digit) = self.magnitude.div_rem(U1024::from(10));
            if self.scale == 0 || !digit.is_zero() {
                return Err(Inexact);
            }
            (self.magnitude, self.scale) = (tenth, self.scale - 1);
        }
        let magnitude: U256 = self.magnitude.to();
        Ok(Decimal {
            magnitude,
            scale: u8::try_from(self.scale).map_err(|_| Inexact)?,
            negative: self.negative && !magnitude.is_zero(),
        })
    }
}

impl Decimal {
    pub(super) fn wide_normalized(mut self) -> Self {
        while self.scale > 0 && !self.magnitude.bit(0) {
            let (tenth, digit) = self.magnitude.div_rem(TEN);
            if !digit.is_zero() {
                break;
            }
            (self.magnitude, self.scale) = (tenth, self.scale - 1);
        }
        self
    }

    /// To fewer places than it has.
    pub(super) fn wide_rounded(self, places: u8) -> Self {
        let unit = TEN.pow(U256::from(self.scale - places));
        let magnitude = divided(self.magnitude, unit);
        Self {
            magnitude,
            scale: places,
            negative: self.negative && !magnitude.is_zero(),
        }
    }
}
