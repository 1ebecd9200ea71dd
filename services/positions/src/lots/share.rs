//! The one division of the crate.

use kernel::Decimal;
use kernel::decimal::Inexact;

/// Decimal places of a cost or price that has to be rounded: three more than the finest price of a
/// venue, so that the rounding never reaches a digit that such a price can have.
pub(crate) const COST_PLACES: u32 = 12;
/// The same of tokens, with 18 places of quantity and 18 of price.
const TOKEN_COST_PLACES: u32 = 36;

/// The part of a cost or price that `part` is of `of`, rounded so finely that no digit it can have is
/// touched.
///
/// # Errors
/// [`Inexact`] when `of` is zero or the rounded quotient does not fit.
pub(crate) fn fine_share(whole: Decimal, part: Decimal, of: Decimal) -> Result<Decimal, Inexact> {
    let places = if whole.places() > COST_PLACES {
        TOKEN_COST_PLACES
    } else {
        COST_PLACES
    };
    share(whole, part, of, places)
}

/// `whole · part / of`, rounded half-even to `places` once, from the exact quotient.
///
/// # Errors
/// [`Inexact`] when `of` is zero or the rounded quotient does not fit.
pub(crate) fn share(
    whole: Decimal,
    part: Decimal,
    of: Decimal,
    places: u32,
) -> Result<Decimal, Inexact> {
    whole.times_over(part, of, places)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let large = d(&format!("1{}", "0".repeat(76)));
        assert_eq!(share(large, large, large, COST_PLACES), Ok(large));
        assert_eq!(share(large, large, Decimal::ONE, COST_PLACES), Err(Inexact));
        assert_eq!(
            share(large, Decimal::ONE, Decimal::ZERO, COST_PLACES),
            Err(Inexact)
        );
    }
}
