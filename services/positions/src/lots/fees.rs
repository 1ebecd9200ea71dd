//! Fees in other currencies than the position's: kept apart, for no rate is ever assumed.

use std::collections::BTreeMap;

use kernel::decimal::Inexact;
use kernel::{Currency, Decimal};

use super::execution::Execution;

/// By currency.
pub(crate) type OtherFees = BTreeMap<Currency, Decimal>;

/// Those of all these executions.
///
/// # Errors
/// [`Inexact`] when a sum needs more digits than there are.
pub(crate) fn other_fees<'a>(
    executions: impl Iterator<Item = &'a Execution>,
) -> Result<OtherFees, Inexact> {
    let mut fees = OtherFees::new();
    for (currency, fee) in executions.filter_map(Execution::other_fee) {
        add(&mut fees, currency, fee)?;
    }
    Ok(fees)
}

/// # Errors
/// [`Inexact`] when the sum needs more digits than there are.
pub(crate) fn add(fees: &mut OtherFees, currency: &Currency, fee: Decimal) -> Result<(), Inexact> {
    let sum = fees.entry(currency.clone()).or_default();
    *sum = sum.plus(fee)?.normalized();
    Ok(())
}
