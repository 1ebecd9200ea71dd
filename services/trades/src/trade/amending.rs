//! New terms for an order, as FIX's cancel/replace: also while it is part filled.

use kernel::Actor;

use super::command::AmendTrade;
use super::event::{TradeAmended, TradeEvent, TradeExecuted};
use super::rejection::TradeRejection;
use super::stage::{Order, TradeState};
use super::terms::Terms;

/// The events; none when the terms are what they were. `version` is the trade's.
///
/// # Errors
/// None of them is an invalid transition: that depends on the state alone.
pub(crate) fn amend(
    order: &Order,
    version: u64,
    amend: &AmendTrade,
    by: &Actor,
) -> Result<Vec<TradeEvent>, TradeRejection> {
    let terms = Terms::from(&amend.terms);
    // Before the version: after an amendment its retry finds the version it made itself.
    if terms == order.terms {
        return Ok(vec![]);
    }
    if amend.expected_version != version {
        return Err(TradeRejection::VersionConflict {
            expected: amend.expected_version,
            actual: version,
        });
    }
    let cum = order.cum;
    if !cum.is_zero() {
        leave_what_was_filled(order, &terms)?;
    }
    let before = order.at(cum).state;
    let executed = !cum.is_zero() && terms.quantity.get() == cum;
    let mut events = vec![TradeEvent::TradeAmended(TradeAmended {
        terms,
        amended_by: by.clone(),
    })];
    if executed && before != TradeState::Executed {
        let executed = TradeExecuted { cum_quantity: cum };
        events.push(TradeEvent::TradeExecuted(executed));
    }
    Ok(events)
}

/// Fills are booked on a position and count for what they are: quantity and price may change, the quantity
/// not below what is filled.
fn leave_what_was_filled(order: &Order, terms: &Terms) -> Result<(), TradeRejection> {
    let same_but = Terms {
        quantity: terms.quantity,
        price: terms.price,
        ..order.terms.clone()
    };
    if same_but != *terms {
        return Err(TradeRejection::TermsFixed);
    }
    if terms.quantity.get() < order.cum {
        return Err(TradeRejection::AmendmentBelowFilled {
            quantity: terms.quantity.get(),
            cum_quantity: order.cum,
        });
    }
    Ok(())
}
