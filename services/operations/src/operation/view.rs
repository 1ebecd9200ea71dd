//! An operation as a query answers it: a fold of its events.

use kernel::context::{Filter, View};
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, EventMeta, Parameters};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Operation;
use super::event::{OperationEvent, OperationProposed};
use super::route;
use super::summary::{OperationState, OperationSummary};
use crate::step::{Counts, LEFT_SHOWN};

/// The body of a query's answer; `null` before the first event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct OperationView(pub Option<OperationSummary>);

impl View for OperationView {
    type Of = Operation;
    const NAME: &'static str = "operation";
    const VERSION: u16 = 1;
    const ROUTE: ViewRoute = route::VIEW;
    const FILTERS: &'static [Parameter] = &[Parameter::of::<OperationState>(
        "state",
        "those that stand there, such as those that wait for a second person",
    )];

    /// `?state=proposed`.
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let state = parameters.read::<OperationState>("state")?;
        Ok(state.map(|state| -> Filter<Self> {
            Box::new(move |Self(operation)| {
                let found = operation.as_ref().map(|operation| operation.state);
                found == Some(state)
            })
        }))
    }

    fn update(&mut self, meta: &EventMeta, event: &OperationEvent) {
        if let OperationEvent::OperationProposed(proposed) = event {
            self.0 = Some(OperationSummary::new(meta, proposed));
        }
        let Some(operation) = &mut self.0 else {
            return;
        };
        operation.version = meta.sequence;
        operation.updated_at = meta.at;
        operation.fold(meta, event);
    }
}

impl OperationSummary {
    fn new(meta: &EventMeta, proposed: &OperationProposed) -> Self {
        Self {
            operation_id: meta.aggregate.clone(),
            state: OperationState::Proposed,
            what: proposed.what,
            letters: proposed.letters.clone(),
            reason: proposed.reason.clone(),
            proposed_by: proposed.proposed_by.clone(),
            proposed_at: meta.at,
            expires_at: proposed.expires_at,
            confirmed_by: None,
            confirmed_at: None,
            steps: 0,
            counts: Counts::default(),
            left: Vec::new(),
            ended_at: None,
            detail: None,
            version: 0,
            updated_at: meta.at,
        }
    }

    fn fold(&mut self, meta: &EventMeta, event: &OperationEvent) {
        use OperationEvent as E;
        match event {
            E::OperationProposed(_) => {}
            E::OperationConfirmed(confirmed) => {
                self.confirmed_by = Some(confirmed.confirmed_by.clone());
                self.confirmed_at = Some(meta.at);
            }
            E::StepPlanned(_) => self.state = OperationState::Running,
            E::StepRecorded(recorded) => {
                self.steps = recorded.step + 1;
                self.counts = self.counts.plus(recorded.counts);
                let room = LEFT_SHOWN.saturating_sub(self.left.len());
                self.left.extend(recorded.left.iter().take(room).cloned());
            }
            E::OperationCompleted(_) => self.ends(meta, OperationState::Completed),
            E::OperationWithdrawn(_) => self.ends(meta, OperationState::Withdrawn),
            E::OperationExpired(_) => self.ends(meta, OperationState::Expired),
            E::OperationStopped(stopped) => {
                self.detail = Some(format!("{}: {}", stopped.code, stopped.detail));
                self.ends(meta, OperationState::Stopped);
            }
        }
    }

    fn ends(&mut self, meta: &EventMeta, state: OperationState) {
        self.state = state;
        self.ended_at = Some(meta.at);
    }
}
