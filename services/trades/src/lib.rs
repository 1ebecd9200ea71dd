//! The trades context: what a desk agreed, and what the market has done about it so far.
//!
//! In: commands to book, amend, cancel, fill, correct and bust a trade. Out: the events that follow
//! and `TradeView`, the answer to a query. It never does I/O, reads a clock or knows another
//! context: positions listen to its events by their schema, and tell by theirs what they refuse.

mod reaction;
mod trade;

pub use reaction::{HandedFills, PositionEvent, RefusalsToTrades, TradeHandover};
pub use trade::{
    Account, AllocStatus, AmendTrade, Amount, AmountKind, BadAmount, BadSelection, Book, BreakKind,
    BreakSettled, BreakView, BustFill, CancelTrade, ConfirmStatus, CorrectFill, ExecId, Fee,
    FillBusted, FillCorrected, FillRecorded, FillResubmitted, FillStatus, FillView, HandedOver,
    Instrument, LotMethod, LotPick, LotSelection, Multiplier, NewTerms, Note, NoteRefusal,
    PositionRefused, Price, Quantity, RecordFill, RefusalView, RemainderCancelled, Report,
    Resolution, SettleBreak, SettleStatus, Side, StrayFill, Terms, Trade, TradeAmended,
    TradeBooked, TradeCancelled, TradeCommand, TradeEvent, TradeExecuted, TradeId, TradeRejection,
    TradeState, TradeSummary, TradeView,
};
