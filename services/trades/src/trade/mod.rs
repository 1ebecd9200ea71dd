//! One trade, from its booking to its last correction. Words follow FIX: OrderQty = CumQty +
//! LeavesQty, a fill is known by its ExecID, a correction is ExecType G, a bust is ExecType H.

mod amount;
mod label;
mod terms;

mod command;
mod event;
mod rejection;

mod aggregate;
mod breaks;
mod execution;
mod filling;
mod stage;
mod summary;
mod view;

#[cfg(test)]
mod tests;

pub use aggregate::Trade;
pub use amount::{Amount, AmountKind, BadAmount, Fee, Multiplier, Price, Quantity};
pub use command::{
    AmendTrade, BustFill, CancelTrade, CorrectFill, NewTerms, NoteRefusal, RecordFill, TradeCommand,
};
pub use event::{
    FillBusted, FillCorrected, FillRecorded, PositionRefused, RemainderCancelled, Report,
    StrayFill, TradeAmended, TradeBooked, TradeCancelled, TradeEvent, TradeExecuted,
};
pub use label::{Account, Book, ExecId, Instrument, TradeId};
pub use rejection::TradeRejection;
pub use stage::TradeState;
pub use summary::{
    AllocStatus, BreakKind, BreakView, ConfirmStatus, FillStatus, FillView, RefusalView,
    SettleStatus, TradeSummary,
};
pub use terms::{BadSelection, LotMethod, LotPick, LotSelection, Side, Terms};
pub use view::TradeView;
