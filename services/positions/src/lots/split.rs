//! Splits: more or fewer units for the same cost.

use std::num::NonZeroU32;
use std::sync::Arc;

use kernel::decimal::Inexact;
use kernel::{Alphabet, Decimal, Timestamp, labels};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::book::LotBook;
use super::effect::Totals;
use super::execution::money;
use super::holding::{Closing, Holding};
use super::lot::Lot;
use super::share::{fine_share, share};

/// Decimal places to which a split rounds quantities; their cost stays. More where what is held has
/// more, as tokens do.
const QUANTITY_PLACES: u32 = 8;
const TOKEN_PLACES: u32 = 18;

labels! {
    /// Names a corporate action.
    pub SplitId / SplitIdKind: "split id", 64, Alphabet::GRAPHIC;
}

/// `denominator` units become `numerator` units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Split {
    pub split_id: SplitId,
    pub numerator: NonZeroU32,
    pub denominator: NonZeroU32,
    /// Executions at this instant or later are already in new units.
    pub ex_at: Timestamp,
    /// Price, in new units, at which the fraction of a unit is paid in cash; without it fractions
    /// are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cash_in_lieu_price: Option<Decimal>,
    /// The issuer gives a whole unit for a fraction.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub round_up: bool,
}

/// The fraction of a unit that was paid out: a reduction at the reference price, without a fee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CashInLieu {
    /// Signed change of the position.
    pub quantity: Decimal,
    pub consumed: Decimal,
    pub realised: Decimal,
}

/// What a split does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SplitEffect {
    pub split: Split,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cash_in_lieu: Option<CashInLieu>,
    /// Every open lot, oldest first.
    pub lots_after: Vec<Arc<Lot>>,
    pub after: Totals,
}

impl Holding {
    /// # Errors
    /// [`Inexact`] when an amount needs more digits than there are, or nothing of the position would
    /// be left while its cost is.
    pub(crate) fn split_effect(&self, split: &Split) -> Result<SplitEffect, Inexact> {
        let mut scaled = self.clone();
        scaled.scale(split)?;
        if split.round_up {
            scaled.round_up()?;
        }
        let cash_in_lieu = match split.cash_in_lieu_price {
            Some(price) => scaled.pay_fraction(price)?,
            None => None,
        };
        Ok(SplitEffect {
            split: split.clone(),
            cash_in_lieu,
            lots_after: scaled.lots.by_age(),
            after: scaled.totals,
        })
    }

    pub(crate) fn take_split(&mut self, effect: &SplitEffect) {
        self.replace(effect.after, &effect.lots_after);
    }

    /// Rounds the running total, not each lot, so that the lots add up to the rounded whole.
    fn scale(&mut self, split: &Split) -> Result<(), Inexact> {
        let mut scaled: Vec<Lot> = Vec::new();
        let (mut old, mut new) = (Decimal::ZERO, Decimal::ZERO);
        let places = self.places();
        // The cost of lots that became too small to hold; it goes to a neighbour.
        let mut orphaned = Decimal::ZERO;
        for lot in self.lots.by_age() {
            old = old.plus(lot.quantity)?;
            let total = ratio(old, split, places)?;
            let quantity = total.minus(new)?.normalized();
            new = total;
            if quantity.is_zero() {
                orphaned = orphaned.plus(lot.cost.unwrap_or_default())?;
                continue;
            }
            let cost = adopt(lot.cost, &mut orphaned)?;
            scaled.push(self.scaled_lot(&lot, split, quantity, cost)?);
        }
        match scaled.last_mut() {
            Some(last) if !orphaned.is_zero() => {
                last.cost = adopt(last.cost, &mut orphaned)?;
                last.price_rounded = true;
            }
            None if !self.totals.quantity.is_zero() => return Err(Inexact),
            _ => {}
        }
        let lots = scaled.into_iter().map(Arc::new);
        self.lots = LotBook::holding(self.terms.lot_method, lots);
        self.totals.quantity = new.normalized();
        Ok(())
    }

    fn places(&self) -> u32 {
        let lots = self.lots.lots();
        if lots
            .into_iter()
            .any(|lot| lot.quantity.places() > QUANTITY_PLACES)
        {
            TOKEN_PLACES
        } else {
            QUANTITY_PLACES
        }
    }

    fn scaled_lot(
        &self,
        lot: &Lot,
        split: &Split,
        quantity: Decimal,
        cost: Option<Decimal>,
    ) -> Result<Lot, Inexact> {
        let price = fine_share(lot.price, denominator(split), numerator(split))?;
        let value = money(quantity, price, self.terms.multiplier).ok();
        Ok(Lot {
            quantity,
            cost,
            price,
            price_rounded: cost.is_some() && value != cost,
            ..lot.clone()
        })
    }

    /// What is missing to a whole unit comes for nothing, to the youngest lot.
    fn round_up(&mut self) -> Result<(), Inexact> {
        let fraction = fraction_of(self.totals.quantity)?;
        if fraction.is_zero() {
            return Ok(());
        }
        let given = one_like(fraction).minus(fraction)?;
        self.totals.quantity = self.totals.quantity.plus(given)?.normalized();
        let mut lots = self.lots.by_age();
        if let Some(youngest) = lots.last_mut() {
            *youngest = Arc::new(Lot {
                quantity: youngest.quantity.plus(given)?.normalized(),
                price_rounded: youngest.cost.is_some(),
                ..(**youngest).clone()
            });
        }
        self.lots = LotBook::holding(self.terms.lot_method, lots);
        Ok(())
    }

    fn pay_fraction(&mut self, price: Decimal) -> Result<Option<CashInLieu>, Inexact> {
        let held = self.totals.quantity;
        let fraction = fraction_of(held)?;
        if fraction.is_zero() {
            return Ok(None);
        }
        let quantity = fraction.negated();
        let closing = Closing {
            quantity,
            price,
            fee: Decimal::ZERO,
            selection: &[],
        };
        let closed = self.close(&closing)?;
        for matched in &closed.matched {
            self.lots.take(matched);
        }
        self.totals = closed.after;
        let (consumed, realised) = (closed.consumed, closed.realised);
        Ok(Some(CashInLieu {
            quantity,
            consumed,
            realised,
        }))
    }
}

fn ratio(quantity: Decimal, split: &Split, places: u32) -> Result<Decimal, Inexact> {
    share(quantity, numerator(split), denominator(split), places)
}

fn numerator(split: &Split) -> Decimal {
    i64::from(split.numerator.get()).into()
}

fn denominator(split: &Split) -> Decimal {
    i64::from(split.denominator.get()).into()
}

/// Hands the orphaned cost to a lot; a pooled lot has no cost to add to, the pool keeps it anyway.
fn adopt(cost: Option<Decimal>, orphaned: &mut Decimal) -> Result<Option<Decimal>, Inexact> {
    let Some(cost) = cost else { return Ok(None) };
    Ok(Some(cost.plus(std::mem::take(orphaned))?))
}

/// The digits after the decimal point, with the quantity's sign.
fn fraction_of(quantity: Decimal) -> Result<Decimal, Inexact> {
    let nearest = quantity.rounded(0);
    let overshot = nearest.abs() > quantity.abs();
    let whole = if overshot {
        nearest.minus(one_like(quantity))?
    } else {
        nearest
    };
    Ok(quantity.minus(whole)?.normalized())
}

/// One, with the quantity's sign.
fn one_like(quantity: Decimal) -> Decimal {
    if quantity.is_negative() {
        Decimal::from(-1)
    } else {
        Decimal::ONE
    }
}
