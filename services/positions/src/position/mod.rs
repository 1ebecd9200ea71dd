//! One position: commands in, events out, and the view that is read.

mod aggregate;
mod alternative;
mod break_view;
mod command;
mod decide;
mod event;
mod facts;
mod guard;
mod refusal;
mod refusal_view;
mod rejection;
mod restating;
mod route;
mod snapshot;
mod timers;
mod traded;
mod upcast;
mod view;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use aggregate::Position;
pub use alternative::AlternativeView;
pub use break_view::BreakView;
pub use command::{
    ApplyFill, ApplySplit, BustFill, ChangeLotMethod, CorrectFill, Note, PositionCommand,
    RecordSettlement, SettleBreak, SettlementId, WithdrawSplit,
};
pub use event::{BreakSettled, Cause, PositionEvent, Restatement, Settlement};
pub use refusal::{FillRefused, Report, Reported};
pub use refusal_view::RefusalView;
pub use rejection::{PositionRejection, codes};
pub use traded::Traded;
pub use view::{CycleView, PositionView};
