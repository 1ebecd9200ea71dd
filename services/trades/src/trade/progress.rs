//! How far an order is, read from what was ordered, filled and cancelled of it.

use kernel::Decimal;

use super::filling::less;
use super::stage::TradeState;

pub(super) struct Progress {
    pub(super) state: TradeState,
    /// OrderQty: what was ordered, or what is filled once the rest was cancelled.
    pub(super) quantity: Decimal,
    /// LeavesQty: what may still be filled.
    pub(super) leaves: Decimal,
}

impl Progress {
    pub(super) fn of(ordered: Decimal, cum: Decimal, cancelled: bool) -> Self {
        let state = match (cum.is_zero(), cancelled) {
            (true, true) => TradeState::Cancelled,
            (true, false) => TradeState::Booked,
            (false, true) => TradeState::Executed,
            (false, false) if cum == ordered => TradeState::Executed,
            (false, false) => TradeState::PartiallyFilled,
        };
        let cut = cancelled && !cum.is_zero();
        Self {
            state,
            quantity: if cut { cum } else { ordered },
            leaves: if cancelled {
                Decimal::ZERO
            } else {
                less(ordered, cum)
            },
        }
    }
}
