//! What a number must be to be admitted at all.

use std::collections::BTreeSet;

use kernel::{AggregateId, Decimal};

use crate::lots::execution::Selected;

use super::command::{ApplyFill, ApplySplit, CorrectFill};
use super::rejection::PositionRejection;

/// Decimal places of every amount: tokens are counted in 10^-18.
const PLACES: u32 = 18;
/// Lots that one fill may name: a command stays far below the record bound of the log.
const SELECTED_MAX: usize = 1_000;

/// Open lots of one position. An event that names all of them, each at some 300 bytes, stays far below
/// the 16 MiB that a record of the log may have.
pub(super) const LOTS_MAX: usize = 5_000;

/// Splits of one position that wait for their day.
const ANNOUNCED_MAX: usize = 100;

pub(super) fn announced(count: usize) -> Result<(), PositionRejection> {
    if count < ANNOUNCED_MAX {
        Ok(())
    } else {
        Err(PositionRejection::SplitLimit { max: ANNOUNCED_MAX })
    }
}

/// Whether a position may be left with so many open lots.
pub(super) fn open_lots(count: usize) -> Result<(), PositionRejection> {
    if count <= LOTS_MAX {
        Ok(())
    } else {
        Err(PositionRejection::LotLimit { max: LOTS_MAX })
    }
}

/// The id is `{account}/{book}/{instrument}`; the instrument may hold `/`. That no part is empty is
/// seen to by what an id is.
pub(super) fn key(id: &AggregateId) -> Result<(), PositionRejection> {
    if id.as_str().splitn(3, '/').count() == 3 {
        Ok(())
    } else {
        Err(PositionRejection::KeyMalformed)
    }
}

pub(super) fn fill(fill: &ApplyFill) -> Result<(), PositionRejection> {
    quantity(fill.quantity)?;
    price(fill.price)?;
    fee(fill.fee)?;
    multiplier(fill.multiplier)?;
    selection(&fill.lots)
}

pub(super) fn correction(correction: &CorrectFill) -> Result<(), PositionRejection> {
    quantity(correction.quantity)?;
    price(correction.price)?;
    fee(correction.fee)
}

pub(super) fn split(split: &ApplySplit) -> Result<(), PositionRejection> {
    if split.round_up && split.cash_in_lieu_price.is_some() {
        return Err(PositionRejection::SplitContradicts);
    }
    split.cash_in_lieu_price.map_or(Ok(()), price)
}

fn quantity(quantity: Decimal) -> Result<(), PositionRejection> {
    if quantity.is_positive() && quantity.places() <= PLACES {
        Ok(())
    } else {
        Err(PositionRejection::QuantityOutOfRange(quantity))
    }
}

pub(super) fn settled(quantity: Decimal) -> Result<(), PositionRejection> {
    if !quantity.is_zero() && quantity.places() <= PLACES {
        Ok(())
    } else {
        Err(PositionRejection::SettledOutOfRange(quantity))
    }
}

fn price(price: Decimal) -> Result<(), PositionRejection> {
    if price.places() <= PLACES {
        Ok(())
    } else {
        Err(PositionRejection::PriceTooFine(price))
    }
}

fn fee(fee: Decimal) -> Result<(), PositionRejection> {
    if fee.places() <= PLACES {
        Ok(())
    } else {
        Err(PositionRejection::FeeTooFine(fee))
    }
}

fn multiplier(multiplier: Decimal) -> Result<(), PositionRejection> {
    if multiplier.is_positive() && multiplier.places() <= PLACES {
        Ok(())
    } else {
        Err(PositionRejection::MultiplierOutOfRange(multiplier))
    }
}

fn selection(lots: &[Selected]) -> Result<(), PositionRejection> {
    if lots.len() > SELECTED_MAX {
        return Err(PositionRejection::SelectionMalformed);
    }
    let mut named = BTreeSet::new();
    for selected in lots {
        quantity(selected.quantity)?;
        if !named.insert((&selected.exec_id, &selected.trade_id)) {
            return Err(PositionRejection::SelectionMalformed);
        }
    }
    Ok(())
}
