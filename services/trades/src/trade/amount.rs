//! Decimals with a meaning: parsed at the edge, trusted inside.

use std::fmt;
use std::marker::PhantomData;

use kernel::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// What an [`Amount`] is called and which numbers it admits.
pub trait AmountKind {
    /// The name an error message uses, such as `quantity`.
    const NAME: &'static str;
    /// Most decimal places, trailing zeros not counted.
    const PLACES: u32;
    /// Whether it is above zero.
    const POSITIVE: bool;
}

/// A decimal whose kind is part of its type, below 10^18 in size and without trailing zeros.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(
    try_from = "Decimal",
    into = "Decimal",
    bound = "K: AmountKind + Clone"
)]
pub struct Amount<K>(Decimal, PhantomData<K>);

/// Why a number is not an amount of the kind wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAmount {
    #[error("{0} has more than {1} decimal places")]
    TooManyPlaces(&'static str, u32),
    #[error("{0} is not above zero")]
    NotPositive(&'static str),
    #[error("{0} is not below 10^18 in size")]
    TooLarge(&'static str),
}

/// Of 36 digits (18 and 18 places) a sum of 10,000 still fits the 77 of [`Decimal`]: no total of a
/// trade can be inexact.
const SIZE_MAX: i64 = 1_000_000_000_000_000_000;

/// Of every kind: tokens are counted in 10^-18.
const PLACES: u32 = 18;

impl<K> Amount<K> {
    #[must_use]
    pub fn get(self) -> Decimal {
        self.0
    }
}

impl<K: AmountKind> TryFrom<Decimal> for Amount<K> {
    type Error = BadAmount;

    fn try_from(value: Decimal) -> Result<Self, BadAmount> {
        let value = value.normalized();
        if value.scale() > K::PLACES {
            return Err(BadAmount::TooManyPlaces(K::NAME, K::PLACES));
        }
        if K::POSITIVE && !value.is_positive() {
            return Err(BadAmount::NotPositive(K::NAME));
        }
        if value.abs() >= Decimal::from(SIZE_MAX) {
            return Err(BadAmount::TooLarge(K::NAME));
        }
        Ok(Self(value, PhantomData))
    }
}

impl<K> From<Amount<K>> for Decimal {
    fn from(amount: Amount<K>) -> Self {
        amount.0
    }
}

impl<K> fmt::Debug for Amount<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<K> fmt::Display for Amount<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<K: AmountKind> JsonSchema for Amount<K> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> std::borrow::Cow<'static, str> {
        K::NAME.into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Zeros around the digits do not count, as they do not when the text is read.
        let sign = if K::POSITIVE { "" } else { "-?" };
        let pattern = format!(r"^{sign}0*\d{{1,18}}(\.\d{{1,{}}}0*)?$", K::PLACES);
        let range = if K::POSITIVE {
            "above zero"
        } else {
            "of any sign"
        };
        json_schema!({ "type": "string", "pattern": pattern, "description": range })
    }
}

/// Kind of [`Quantity`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QuantityKind {}
impl AmountKind for QuantityKind {
    const NAME: &'static str = "quantity";
    const PLACES: u32 = PLACES;
    const POSITIVE: bool = true;
}
/// Units bought or sold, above zero; the side gives the direction.
pub type Quantity = Amount<QuantityKind>;

/// Kind of [`Price`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PriceKind {}
impl AmountKind for PriceKind {
    const NAME: &'static str = "price";
    const PLACES: u32 = PLACES;
    const POSITIVE: bool = false;
}
/// Currency per unit and multiplier. May be zero or negative: spreads are quoted below zero, and so
/// was crude oil on 2020-04-20.
pub type Price = Amount<PriceKind>;

/// Kind of [`Fee`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeeKind {}
impl AmountKind for FeeKind {
    const NAME: &'static str = "fee";
    const PLACES: u32 = PLACES;
    const POSITIVE: bool = false;
}
/// What the execution cost in the trade's currency; negative is a rebate.
pub type Fee = Amount<FeeKind>;

/// Kind of [`Multiplier`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MultiplierKind {}
impl AmountKind for MultiplierKind {
    const NAME: &'static str = "multiplier";
    const PLACES: u32 = PLACES;
    const POSITIVE: bool = true;
}
/// Units of the underlying per unit of quantity (FIX ContractMultiplier), 1 for a share.
pub type Multiplier = Amount<MultiplierKind>;

impl Multiplier {
    pub(crate) const ONE: Self = Amount(Decimal::ONE, PhantomData);

    pub(crate) fn one() -> Self {
        Self::ONE
    }
}
