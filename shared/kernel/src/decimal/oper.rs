//! What can be done with decimals: in 128 bits where that is enough, else in as many as it takes.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::{Decimal, Inexact, Wide, admitted};

impl Decimal {
    /// Without trailing zeros. Equal numbers then have equal texts.
    #[must_use]
    pub fn normalized(self) -> Self {
        match self.short() {
            Some(short) => short.normalized().into(),
            None => self.wide_normalized(),
        }
    }

    /// # Errors
    /// [`Inexact`] when digits would be lost.
    pub fn plus(self, other: Self) -> Result<Self, Inexact> {
        if let (Some(left), Some(right)) = (self.short(), other.short())
            && let Some(sum) = left.normalized().plus(right.normalized())
        {
            return Ok(sum.into());
        }
        let (left, right) = (self.normalized(), other.normalized());
        Wide::from(left).plus(right.into()).narrow()
    }

    /// # Errors
    /// [`Inexact`] when digits would be lost.
    pub fn minus(self, other: Self) -> Result<Self, Inexact> {
        self.plus(other.negated())
    }

    /// # Errors
    /// [`Inexact`] when digits would be lost.
    pub fn times(self, other: Self) -> Result<Self, Inexact> {
        if let (Some(left), Some(right)) = (self.short(), other.short())
            && let Some(product) = left.normalized().times(right.normalized())
        {
            return Ok(product.into());
        }
        let (left, right) = (self.normalized(), other.normalized());
        Wide::from(left).times(right.into()).narrow()
    }

    /// The quotient rounded half-even to `places` decimal places, without trailing zeros. It rounds,
    /// so its caller names where.
    ///
    /// # Errors
    /// [`Inexact`] on a zero divisor, more than 77 places or when the rounded quotient does not fit.
    pub fn over(self, divisor: Self, places: u32) -> Result<Self, Inexact> {
        self.times_over(Self::ONE, divisor, places)
    }

    /// `self · factor / divisor` rounded as by [`Decimal::over`], once, from the exact quotient: the
    /// product may be wider than any decimal.
    ///
    /// # Errors
    /// As [`Decimal::over`].
    pub fn times_over(self, factor: Self, divisor: Self, places: u32) -> Result<Self, Inexact> {
        let places = admitted(places).ok_or(Inexact)?;
        if divisor.is_zero() {
            return Err(Inexact);
        }
        if let (Some(left), Some(right), Some(divisor)) =
            (self.short(), factor.short(), divisor.short())
            && let Some(quotient) = left.times_over(right, divisor, places)
        {
            return Ok(quotient.into());
        }
        let quotient = Wide::from(self).times_over(factor.into(), divisor.into(), places);
        quotient.narrow().map(Self::normalized)
    }

    /// Rounded half-even to `places` decimal places: 0.125 → 0.12, 0.135 → 0.14, −0.125 → −0.12.
    #[must_use]
    pub fn rounded(self, places: u32) -> Self {
        match admitted(places) {
            Some(places) if places < self.scale => match self.short() {
                Some(short) => short.rounded(places).into(),
                None => self.wide_rounded(places),
            },
            _ => self,
        }
    }
}

impl PartialEq for Decimal {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.negative == other.negative
            && if self.scale == other.scale {
                self.magnitude == other.magnitude
            } else {
                size(self, other).is_eq()
            }
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => size(self, other),
            (true, true) => size(other, self),
        }
    }
}

/// Compares without regard to signs.
fn size(left: &Decimal, right: &Decimal) -> Ordering {
    if left.scale == right.scale {
        return left.magnitude.cmp(&right.magnitude);
    }
    let short = left.short().zip(right.short());
    short
        .and_then(|(left, right)| left.size(right))
        .unwrap_or_else(|| Wide::from(*left).size(Wide::from(*right)))
}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let number = self.normalized();
        number.magnitude.as_limbs().hash(state);
        (number.scale, number.negative).hash(state);
    }
}
