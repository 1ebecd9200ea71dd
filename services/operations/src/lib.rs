//! Operations: what operators do to dead letters, proposed by one person and confirmed by another.
//!
//! In: an operation is proposed, confirmed, withdrawn; steps of it are answered. Out: events, of which
//! each planned step leads to one call to whoever can reach the letters. It never touches a letter itself.

mod effect;
mod label;
mod operation;
mod step;

pub use effect::StepsToLetters;
pub use label::{ContextName, FingerprintText, LetterKey, OperationId, Reason};
pub use operation::{
    ConfirmOperation, End, ExpireOperation, Operation, OperationCommand, OperationCompleted,
    OperationConfirmed, OperationEnded, OperationEvent, OperationProposed, OperationRejection,
    OperationState, OperationStopped, OperationSummary, OperationView, ProposeOperation,
    RecordStep, StepPlanned, StepRecorded, StopOperation, WithdrawOperation,
};
pub use step::{Counts, LEFT_SHOWN, Left, Letters, Mending, Place, Planned, Step, Stepped};
