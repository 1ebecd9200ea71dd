//! The same arithmetic on integers without a bound.

use std::cmp::Ordering;

use num_bigint::{BigInt, BigUint, Sign};

use super::{Decimal, Inexact};

/// `mantissa` × 10^-`scale`.
#[derive(Clone, Debug)]
pub(super) struct Oracle {
    mantissa: BigInt,
    scale: u32,
}

fn ten(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

impl Oracle {
    pub(super) fn new(negative: bool, magnitude: BigUint, scale: u32) -> Self {
        let sign = if negative { Sign::Minus } else { Sign::Plus };
        let mantissa = BigInt::from_biguint(sign, magnitude);
        Self { mantissa, scale }
    }

    /// Every digit, the scale as it is.
    pub(super) fn text(&self) -> String {
        let (scale, sign) = (self.scale as usize, self.mantissa.sign());
        let digits = format!("{:0>1$}", self.mantissa.magnitude().to_string(), scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if sign == Sign::Minus { "-" } else { "" };
        let point = if scale > 0 { "." } else { "" };
        format!("{sign}{whole}{point}{fraction}")
    }

    /// The decimal, refused exactly when its digits or places do not fit.
    pub(super) fn decimal(&self) -> Result<Decimal, Inexact> {
        let number = self.normalized();
        if number.scale > 77 || number.mantissa.bits() > 256 {
            return Err(Inexact);
        }
        Ok(number.text().parse().unwrap())
    }

    pub(super) fn normalized(&self) -> Self {
        let mut number = self.clone();
        while number.scale > 0 && (&number.mantissa % 10_u32) == BigInt::ZERO {
            number.mantissa /= 10_u32;
            number.scale -= 1;
        }
        number
    }

    fn at(&self, scale: u32) -> BigInt {
        &self.mantissa * ten(scale - self.scale)
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let scale = self.scale.max(other.scale);
        Self {
            mantissa: self.at(scale) + other.at(scale),
            scale,
        }
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        let mantissa = -&other.mantissa;
        self.plus(&Self {
            mantissa,
            scale: other.scale,
        })
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self {
            mantissa: &self.mantissa * &other.mantissa,
            scale: self.scale + other.scale,
        }
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.at(scale).cmp(&other.at(scale))
    }

    pub(super) fn is_zero(&self) -> bool {
        self.mantissa == BigInt::ZERO
    }

    pub(super) fn over(&self, divisor: &Self, places: u32) -> Self {
        let dividend = &self.mantissa * ten(places + divisor.scale);
        let divisor = &divisor.mantissa * ten(self.scale);
        let (size, unit) = (dividend.magnitude(), divisor.magnitude());
        let (below, rest) = (size / unit, size % unit);
        let is_odd = below.bit(0);
        let up = match (rest * 2_u32).cmp(unit) {
            Ordering::Less => false,
            Ordering::Equal => is_odd,
            Ordering::Greater => true,
        };
        let magnitude = below + u32::from(up);
        Self::new(dividend.sign() != divisor.sign(), magnitude, places)
    }

    pub(super) fn rounded(&self, places: u32) -> Self {
        if places >= self.scale {
            return self.clone();
        }
        self.over(&Self::new(false, 1_u32.into(), 0), places)
    }
}
