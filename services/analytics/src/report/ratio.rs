//! A ratio beside what it is made of.

use schemars::JsonSchema;
use serde::Serialize;

/// A share or a mean.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Ratio {
    /// Absent when there is nothing to divide by.
    pub value: Option<f64>,
    /// Milliseconds or a count; so is the denominator.
    pub numerator: u64,
    pub denominator: u64,
}

impl Ratio {
    pub(crate) const NONE: Self = Self {
        value: None,
        numerator: 0,
        denominator: 0,
    };

    pub(crate) fn new(numerator: u64, denominator: u64) -> Self {
        Self {
            value: divide(numerator.into(), denominator.into()),
            numerator,
            denominator,
        }
    }

    /// Of lengths of time in microseconds, shown in milliseconds.
    pub(crate) fn of_micros(numerator: impl Into<u128>, denominator: impl Into<u128>) -> Self {
        let (numerator, denominator) = (numerator.into(), denominator.into());
        Self {
            value: divide(numerator, denominator),
            numerator: millis(numerator),
            denominator: millis(denominator),
        }
    }

    /// Milliseconds per thing counted, of a sum in microseconds.
    pub(crate) fn mean(micros: u64, count: u64) -> Self {
        Self {
            value: divide(micros.into(), u128::from(count) * 1_000),
            numerator: micros / 1_000,
            denominator: count,
        }
    }
}

/// Whole milliseconds.
pub(crate) fn millis(micros: u128) -> u64 {
    u64::try_from(micros / 1_000).unwrap_or(u64::MAX)
}

fn divide(numerator: u128, denominator: u128) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}
