//! One trade, from its booking to its last correction. Words follow FIX: OrderQty = CumQty +
//! LeavesQty, a fill is known by its ExecID, a correction is ExecType G, a bust is ExecType H.

mod amount;
mod label;
mod terms;

mod command;
mod event;
mod rejection;

mod aggregate;
mod amending;
mod breaks;
mod clock;
mod execution;
mod facts;
mod filling;
mod progress;
mod route;
mod settling;
mod stage;
mod summary;
mod view;

#[cfg(test)]
mod tests;

pub use aggregate::Trade;
pub use amount::{Amount, AmountKind, BadAmount, Fee, Multiplier, Price, Quantity};
pub use command::{
    AmendTrade, BustFill, CancelTrade, CorrectFill, NewTerms, NoteRefusal, RecordFill, SettleBreak,
    TradeCommand,
};
pub use event::{
    BreakSettled, FillBusted, FillCorrected, FillRecorded, FillResubmitted, HandedOver,
    PositionRefused, RemainderCancelled, Report, Resolution, StrayFill, TradeAmended, TradeBooked,
    TradeCancelled, TradeEvent, TradeExecuted,
};
pub use label::{Account, Book, ExecId, Instrument, Note, TradeId};
pub use rejection::TradeRejection;
pub use stage::TradeState;
pub use summary::{
    AllocStatus, BreakKind, BreakView, ConfirmStatus, FillStatus, FillView, RefusalView,
    SettleStatus, TradeSummary,
};
pub use terms::{BadSelection, LotMethod, LotPick, LotSelection, Side, Terms};
pub use view::TradeView;
