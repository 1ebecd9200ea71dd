//! Decimals of up to 128 bits; `None` where a result might need more.

use std::cmp::Ordering;
use std::ops::Sub;

use ruint::aliases::U256;

use super::{Decimal, SCALE_MAX};

#[derive(Clone, Copy)]
pub(super) struct Short {
    /// Of zero it may be either.
    pub(super) negative: bool,
    pub(super) magnitude: u128,
    pub(super) scale: u8,
}

/// The powers of ten that 128 bits hold.
pub(super) const TENS: [u128; 39] = {
    let mut tens = [1; 39];
    let mut n = 1;
    while n < tens.len() {
        tens[n] = tens[n - 1] * 10;
        n += 1;
    }
    tens
};

fn ten(exponent: u32) -> Option<u128> {
    TENS.get(exponent as usize).copied()
}

impl Decimal {
    #[inline]
    pub(super) fn short(self) -> Option<Short> {
        let [first, second, third, fourth] = *self.magnitude.as_limbs();
        (third | fourth == 0).then(|| Short {
            negative: self.negative,
            magnitude: u128::from(second) << 64 | u128::from(first),
            scale: self.scale,
        })
    }
}

impl From<Short> for Decimal {
    #[inline]
    fn from(short: Short) -> Self {
        const LOW: u128 = u64::MAX as u128;
        let (low, high) = (
            (short.magnitude & LOW) as u64,
            (short.magnitude >> 64) as u64,
        );
        Self {
            magnitude: U256::from_limbs([low, high, 0, 0]),
            scale: short.scale,
            negative: short.negative && short.magnitude != 0,
        }
    }
}

impl Short {
    #[inline]
    pub(super) fn normalized(mut self) -> Self {
        while self.scale > 0 {
            if let Ok(word) = u64::try_from(self.magnitude) {
                let (word, scale) = stripped(word, self.scale);
                return Self {
                    magnitude: word.into(),
                    scale,
                    ..self
                };
            }
            if !self.magnitude.is_multiple_of(10) {
                break;
            }
            self.magnitude /= 10;
            self.scale -= 1;
        }
        self
    }

    #[inline]
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.magnitude_at(scale)?, other.magnitude_at(scale)?);
        let (negative, magnitude) = if self.negative == other.negative {
            (self.negative, left.checked_add(right)?)
        } else if left >= right {
            (self.negative, left - right)
        } else {
            (other.negative, right - left)
        };
        Some(Self {
            negative,
            magnitude,
            scale,
        })
    }

    #[inline]
    pub(super) fn times(self, other: Self) -> Option<Self> {
        let magnitude = self.magnitude.checked_mul(other.magnitude)?;
        let scale = self.scale + other.scale;
        (scale <= SCALE_MAX).then_some(Self {
            negative: self.negative != other.negative,
            magnitude,
            scale: if magnitude == 0 { 0 } else { scale },
        })
    }

    /// Of a divisor other than zero.
    #[inline]
    pub(super) fn times_over(self, factor: Self, divisor: Self, places: u8) -> Option<Self> {
        let product = self.magnitude.checked_mul(factor.magnitude)?;
        let (more, less) = (places + divisor.scale, self.scale + factor.scale);
        let (dividend, unit) = if more >= less {
            let dividend = product.checked_mul(ten((more - less).into())?)?;
            (dividend, divisor.magnitude)
        } else {
            let unit = divisor.magnitude.checked_mul(ten((less - more).into())?)?;
            (product, unit)
        };
        let quotient = Self {
            negative: self.negative ^ factor.negative ^ divisor.negative,
            magnitude: divided(dividend, unit),
            scale: places,
        };
        Some(quotient.normalized())
    }

    /// To fewer places than it has.
    #[inline]
    pub(super) fn rounded(self, places: u8) -> Self {
        // A unit beyond 128 bits: the number is far below one half of it.
        let unit = ten((self.scale - places).into());
        Self {
            magnitude: unit.map_or(0, |unit| divided(self.magnitude, unit)),
            scale: places,
            ..self
        }
    }

    #[inline]
    pub(super) fn size(self, other: Self) -> Option<Ordering> {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.magnitude_at(scale)?, other.magnitude_at(scale)?);
        Some(left.cmp(&right))
    }

    #[inline]
    fn magnitude_at(self, scale: u8) -> Option<u128> {
        if scale == self.scale {
            return Some(self.magnitude);
        }
        self.magnitude
            .checked_mul(ten((scale - self.scale).into())?)
    }
}

/// Without trailing zeros: eight at a time, then four, two and one.
#[inline]
fn stripped(mut word: u64, mut scale: u8) -> (u64, u8) {
    if !word.is_multiple_of(10) {
        return (word, scale);
    }
    if word == 0 {
        return (0, 0);
    }
    for (zeros, unit) in [(8, 100_000_000), (4, 10_000), (2, 100), (1, 10)] {
        while scale >= zeros && word.is_multiple_of(unit) {
            word /= unit;
            scale -= zeros;
        }
    }
    (word, scale)
}

/// The quotient rounded half-even.
fn divided(dividend: u128, divisor: u128) -> u128 {
    if let (Ok(dividend), Ok(divisor)) = (u64::try_from(dividend), u64::try_from(divisor)) {
        let (quotient, rest) = (dividend / divisor, dividend % divisor);
        return u128::from(quotient) + u128::from(rounds_up(quotient % 2 == 1, rest, divisor));
    }
    let (quotient, rest) = (dividend / divisor, dividend % divisor);
    quotient + u128::from(rounds_up(quotient % 2 == 1, rest, divisor))
}

/// Whether half-even takes the next quotient after one that leaves `rest`.
pub(super) fn rounds_up<N: Copy + Ord + Sub<Output = N>>(is_odd: bool, rest: N, of: N) -> bool {
    // Twice the rest might not fit.
    match rest.cmp(&(of - rest)) {
        Ordering::Less => false,
        Ordering::Equal => is_odd,
        Ordering::Greater => true,
    }
}
