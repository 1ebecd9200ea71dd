//! An operation under way: which step is next.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{OperationConfirmed, OperationEvent, OperationProposed, StepPlanned};
use crate::step::{Counts, Planned};

/// An operation that is done step by step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Running {
    pub(super) proposed: OperationProposed,
    pub(super) confirmed: Option<OperationConfirmed>,
    /// The step whose answer is awaited.
    pub(super) step: u32,
    pub(super) as_of: Timestamp,
    pub(super) counts: Counts,
}

impl Running {
    pub(super) fn new(proposed: OperationProposed, confirmed: Option<OperationConfirmed>) -> Self {
        Self {
            proposed,
            confirmed,
            step: 0,
            as_of: Timestamp::from_micros(0),
            counts: Counts::default(),
        }
    }

    pub(super) fn at(self, planned: &StepPlanned) -> Self {
        Self {
            step: planned.step,
            as_of: planned.as_of,
            ..self
        }
    }

    pub(super) fn goes_on(&self, next: Planned) -> OperationEvent {
        let (confirmed, step) = (self.confirmed.as_ref(), self.step + 1);
        planned(&self.proposed, confirmed, self.as_of, step, next)
    }
}

/// The first step looks for the letters, and does nothing yet.
pub(super) fn first(
    proposed: &OperationProposed,
    confirmed: Option<&OperationConfirmed>,
    as_of: Timestamp,
) -> OperationEvent {
    planned(proposed, confirmed, as_of, 0, Planned::default())
}

fn planned(
    proposed: &OperationProposed,
    confirmed: Option<&OperationConfirmed>,
    as_of: Timestamp,
    step: u32,
    planned: Planned,
) -> OperationEvent {
    OperationEvent::StepPlanned(StepPlanned {
        operation_id: proposed.operation_id.clone(),
        step,
        what: proposed.what,
        letters: proposed.letters.clone(),
        as_of,
        by: proposed.proposed_by.clone(),
        confirmed_by: confirmed.map(|confirmed| confirmed.confirmed_by.clone()),
        planned,
    })
}
