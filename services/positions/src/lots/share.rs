//! The one division of the crate.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use kernel::Decimal;
use kernel::decimal::Inexact;

/// Decimal places of a cost that has to be rounded: three more than the finest price, so that the
/// rounding never reaches a digit that a price can have.
pub(crate) const COST_PLACES: u32 = 12;

/// `whole · part / of`, rounded half-even to `places` once, from the exact quotient.
///
/// Multiplying first with [`Decimal::times`] would refuse products that the quotient does not need,
/// and dividing with [`Decimal::over`] rounds at 28 digits before it rounds at `places`.
///
/// # Errors
/// [`Inexact`] when `of` is zero or the rounded quotient does not fit.
pub(crate) fn share(
    whole: Decimal,
    part: Decimal,
    of: Decimal,
    places: u32,
) -> Result<Decimal, Inexact> {
    let [whole, part, of] = [whole, part, of].map(Parts::of);
    if of.mantissa == 0 {
        return Err(Inexact);
    }
    let (quotient, remainder) = multiply_divide(whole.mantissa, part.mantissa, of.mantissa)?;
    let scale = i64::from(whole.scale) + i64::from(part.scale) - i64::from(of.scale);
    let (rounded, scale) = Quotient {
        quotient,
        remainder,
        divisor: of.mantissa,
        scale,
    }
    .round(places.into())?;
    let magnitude = i128::try_from(rounded).map_err(|_| Inexact)?;
    let negative = whole.negative ^ part.negative ^ of.negative;
    let mantissa = if negative { -magnitude } else { magnitude };
    Decimal::from_parts(mantissa, scale)
        .ok_or(Inexact)
        .map(Decimal::normalized)
}

/// `(a · b / divisor, a · b mod divisor)` for factors below 2^96, sixteen bits of `b` at a time:
/// then `remainder · 2^16 + a · limb` stays below 2^113 and no step overflows.
fn multiply_divide(a: u128, b: u128, divisor: u128) -> Result<(u128, u128), Inexact> {
    let (mut quotient, mut remainder) = (0_u128, 0_u128);
    for limb in (0..6).rev().map(|place| (b >> (16 * place)) & 0xffff) {
        let dividend = (remainder << 16) + a * limb;
        let digit = dividend / divisor;
        remainder = dividend % divisor;
        quotient = quotient
            .checked_mul(1 << 16)
            .and_then(|q| q.checked_add(digit))
            .ok_or(Inexact)?;
    }
    Ok((quotient, remainder))
}

/// `(quotient + remainder / divisor) · 10^-scale`.
struct Quotient {
    quotient: u128,
    remainder: u128,
    divisor: u128,
    scale: i64,
}

impl Quotient {
    /// The mantissa and scale at `places`, or at fewer where the division ends earlier.
    fn round(mut self, places: i64) -> Result<(u128, u32), Inexact> {
        while self.scale < 0 || (self.scale < places && self.remainder != 0) {
            self.next_digit()?;
        }
        let dropped = u32::try_from((self.scale - places).max(0)).map_err(|_| Inexact)?;
        let scale = u32::try_from(self.scale.min(places)).map_err(|_| Inexact)?;
        // A unit above the quotient's own range: the value is far below one half of it.
        let Some(unit) = 10_u128.checked_pow(dropped) else {
            return Ok((0, scale));
        };
        let (kept, rest) = (self.quotient / unit, self.quotient % unit);
        // Compares `rest + remainder / divisor` with `unit / 2`.
        let half = if unit == 1 {
            (self.remainder * 2).cmp(&self.divisor)
        } else {
            (rest * 2).cmp(&unit).then(self.remainder.cmp(&0))
        };
        let up = half.then(if kept % 2 == 1 {
            Ordering::Greater
        } else {
            Ordering::Less
        });
        let rounded = kept.checked_add(u128::from(up.is_gt())).ok_or(Inexact)?;
        Ok((rounded, scale))
    }

    fn next_digit(&mut self) -> Result<(), Inexact> {
        let dividend = self.remainder * 10;
        self.quotient = self
            .quotient
            .checked_mul(10)
            .and_then(|q| q.checked_add(dividend / self.divisor))
            .ok_or(Inexact)?;
        self.remainder = dividend % self.divisor;
        self.scale += 1;
        Ok(())
    }
}

/// The digits of a decimal, read from its text: the kernel keeps its representation to itself.
#[derive(Default)]
struct Parts {
    negative: bool,
    mantissa: u128,
    scale: u32,
    in_fraction: bool,
}

impl Parts {
    fn of(value: Decimal) -> Self {
        let mut parts = Self::default();
        write!(parts, "{}", value.normalized()).expect("`write_str` below never fails");
        parts
    }
}

impl Write for Parts {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            match byte {
                b'-' => self.negative = true,
                b'.' => self.in_fraction = true,
                digit => {
                    self.mantissa = self.mantissa * 10 + u128::from(digit & 0x0f);
                    self.scale += u32::from(self.in_fraction);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn share_rounds_half_to_even() {
        for (whole, part, of, places, expected) in [
            ("2", "90", "140", 2, "1.29"),
            ("1", "1", "8", 2, "0.12"),
            ("3", "1", "8", 2, "0.38"),
            ("5", "1", "2", 0, "2"),
            ("7", "1", "2", 0, "4"),
            ("-1", "1", "8", 2, "-0.12"),
            ("0.125", "1", "1", 2, "0.12"),
            ("0.1250000001", "1", "1", 2, "0.13"),
            ("0.125", "1", "0.9999999", 2, "0.13"),
            ("100", "1", "3", 4, "33.3333"),
            ("10", "1", "4", 12, "2.5"),
        ] {
            assert_eq!(
                share(d(whole), d(part), d(of), places),
                Ok(d(expected)),
                "{whole}"
            );
        }
    }

    #[test]
    fn share_survives_a_product_wider_than_any_decimal() {
        let large = d("7922816251426433759354395033");
        assert_eq!(share(large, large, large, COST_PLACES), Ok(large));
        assert_eq!(share(large, large, Decimal::ONE, COST_PLACES), Err(Inexact));
        assert_eq!(
            share(large, Decimal::ONE, Decimal::ZERO, COST_PLACES),
            Err(Inexact)
        );
    }

    proptest! {
        #[test]
        fn share_is_within_half_a_unit_of_the_quotient(
            whole in -10_000_000_000i64..10_000_000_000,
            part in 0i64..100_000,
            of in 1i64..100_000,
            scales in (0u32..9, 0u32..9, 0u32..5),
            places in 0u32..6,
        ) {
            let decimal = |n: i64, scale| Decimal::from_parts(n.into(), scale).unwrap();
            let got = share(
                decimal(whole, scales.0),
                decimal(part, scales.1),
                decimal(of, scales.2),
                places,
            );
            let got = Parts::of(got.unwrap());
            prop_assert!(got.scale <= places);
            let got = i128::try_from(got.mantissa).unwrap() * 10i128.pow(places - got.scale);
            // Both sides in units of 10^-places / (of · 10^(scale of whole and part)).
            let exact = i128::from(whole).abs() * i128::from(part) * 10i128.pow(scales.2 + places);
            let unit = i128::from(of) * 10i128.pow(scales.0 + scales.1);
            let error = (exact - got * unit).abs() * 2;
            prop_assert!(error < unit || (error == unit && got % 2 == 0));
        }
    }
}
