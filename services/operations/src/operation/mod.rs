//! One operation: proposed, confirmed by a second person where it needs one, and done step by step.

mod command;
mod event;
mod rejection;
mod route;

mod aggregate;
mod running;
mod summary;
mod view;

#[cfg(test)]
mod tests;

pub use aggregate::Operation;
pub use command::{
    ConfirmOperation, ExpireOperation, OperationCommand, ProposeOperation, RecordStep,
    StopOperation, WithdrawOperation,
};
pub use event::{
    OperationCompleted, OperationConfirmed, OperationEnded, OperationEvent, OperationProposed,
    OperationStopped, StepPlanned, StepRecorded,
};
pub use rejection::OperationRejection;
pub use summary::{End, OperationState, OperationSummary};
pub use view::OperationView;
