//! Positions: what an account holds of an instrument in a book, its open lots and its profit.
//!
//! In: fills, corrections, busts, splits, settlements. Out: events that carry their effects, and the
//! view folded from them. It never rounds an amount it could keep exact, knows no market price, and
//! does no I/O.

mod lots;
mod position;
mod reaction;

pub use lots::breaks::{Break, BreakKind};
pub use lots::effect::{Cycle, Increase, Reduction, Totals};
pub use lots::execution::{ExecId, ExecRef, Execution, Selected, Side, TradeId};
pub use lots::lot::{Left, Lot, Match};
pub use lots::restated::{LotChanges, LotName, RestatedLots};
pub use lots::split::{CashInLieu, Split, SplitEffect, SplitId};
pub use lots::terms::{LotMethod, Terms};
pub use position::{
    AlternativeView, ApplyFill, ApplySplit, BreakSettled, BreakView, BustFill, Cause,
    ChangeLotMethod, CorrectFill, CycleView, FillRefused, Note, Position, PositionCommand,
    PositionEvent, PositionRejection, PositionView, RecordSettlement, RefusalView, Report,
    Reported, Restatement, SettleBreak, Settlement, SettlementId, Traded, WithdrawSplit, codes,
};
pub use reaction::{FillsToPositions, TradeFill};
