//! The rule book.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use kernel::context::{Context, TimerRequest};
use kernel::route::CommandRoute;
use kernel::{Accepted, Actor, Identity};
use serde::{Deserialize, Serialize};

use super::command::{
    ExpireOperation, OperationCommand, ProposeOperation, RecordStep, StopOperation,
};
use super::event::{
    OperationCompleted, OperationConfirmed, OperationEnded, OperationEvent, OperationProposed,
    OperationStopped, StepRecorded,
};
use super::rejection::OperationRejection;
use super::route;
use super::running::{Running, first};
use super::summary::End;
use crate::label::OperationId;
use crate::step::{Letters, Mending};

/// How long a proposal waits for a second person, seconds.
const EXPIRY_S: u32 = 3_600;
const EXPIRY_MIN_S: u32 = 60;
const EXPIRY_MAX_S: u32 = 86_400;

const EXPIRY: &str = "expiry";

/// One operation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    #[default]
    Absent,
    Proposed(OperationProposed),
    Running(Running),
    Ended(Ended),
}

/// An operation that is over, but for the step that was under way then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    proposed: OperationProposed,
    confirmed: Option<OperationConfirmed>,
    end: End,
    open_step: Option<u32>,
}

type Decision = Result<Vec<OperationEvent>, OperationRejection>;

impl Operation {
    /// As refusals and pages name it.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::Absent => "not there",
            Self::Proposed(_) => "proposed",
            Self::Running(_) => "running",
            Self::Ended(ended) => match ended.end {
                End::Completed => "completed",
                End::Withdrawn => "withdrawn",
                End::Expired => "expired",
                End::Stopped => "stopped",
            },
        }
    }

    fn proposal(&self) -> Option<&OperationProposed> {
        match self {
            Self::Absent => None,
            Self::Proposed(proposed)
            | Self::Running(Running { proposed, .. })
            | Self::Ended(Ended { proposed, .. }) => Some(proposed),
        }
    }

    fn confirmation(&self) -> Option<&OperationConfirmed> {
        match self {
            Self::Absent | Self::Proposed(_) => None,
            Self::Running(Running { confirmed, .. }) | Self::Ended(Ended { confirmed, .. }) => {
                confirmed.as_ref()
            }
        }
    }
}

impl Context for Operation {
    const NAME: &'static str = "operations";

    const SHAPE: u16 = 1;

    const ASKS_IDENTITY: bool = true;

    const COMMANDS: &'static [CommandRoute] = route::COMMANDS;

    const INTERNAL: &'static [&'static str] = &["ExpireOperation", "RecordStep", "StopOperation"];

    type Input = OperationCommand;

    fn decide(&self, accepted: &Accepted<OperationCommand>, _policy: &()) -> Decision {
        use OperationCommand as C;
        let id = named(accepted)?;
        match &accepted.command {
            C::ProposeOperation(propose) => self.propose(id, accepted, propose),
            C::ConfirmOperation(_) => self.confirm(id, accepted),
            C::WithdrawOperation(_) => self.withdraw(id, &accepted.command),
            C::ExpireOperation(expire) => Ok(self.expire(id, expire)),
            C::RecordStep(record) => Ok(self.record(id, record)),
            C::StopOperation(stop) => Ok(self.stop(id, stop)),
        }
    }

    fn timers(&self, event: &OperationEvent) -> Vec<TimerRequest<OperationCommand>> {
        match event {
            OperationEvent::OperationProposed(OperationProposed {
                expires_at: Some(expires_at),
                ..
            }) => vec![TimerRequest::Set {
                name: EXPIRY.into(),
                due: *expires_at,
                command: OperationCommand::ExpireOperation(ExpireOperation {
                    expires_at: *expires_at,
                }),
            }],
            OperationEvent::OperationConfirmed(_) | OperationEvent::OperationWithdrawn(_) => {
                vec![TimerRequest::Cancel {
                    name: EXPIRY.into(),
                }]
            }
            OperationEvent::OperationProposed(_)
            | OperationEvent::StepPlanned(_)
            | OperationEvent::StepRecorded(_)
            | OperationEvent::OperationCompleted(_)
            | OperationEvent::OperationExpired(_)
            | OperationEvent::OperationStopped(_) => vec![],
        }
    }
}

impl Aggregate for Operation {
    const TYPE: &'static str = "operation";
    type Command = Accepted<OperationCommand>;
    type Event = OperationEvent;
    type Error = OperationRejection;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        policy: &(),
        sink: &EventSink<Self>,
    ) -> Result<(), OperationRejection> {
        for event in self.decide(&command, policy)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: OperationEvent) {
        use OperationEvent as E;
        *self = match (std::mem::take(self), event) {
            (_, E::OperationProposed(proposed)) => Self::Proposed(proposed),
            (Self::Proposed(proposed), E::OperationConfirmed(confirmed)) => {
                Self::Running(Running::new(proposed, Some(confirmed)))
            }
            (Self::Proposed(proposed), E::StepPlanned(planned)) => {
                Self::Running(Running::new(proposed, None).at(&planned))
            }
            (Self::Running(running), E::StepPlanned(planned)) => {
                Self::Running(running.at(&planned))
            }
            (Self::Running(running), E::StepRecorded(recorded)) => Self::Running(Running {
                counts: running.counts.plus(recorded.counts),
                ..running
            }),
            (Self::Ended(ended), E::StepRecorded(_)) => Self::Ended(Ended {
                open_step: None,
                ..ended
            }),
            (state, E::OperationCompleted(_)) => state.ended(End::Completed),
            (state, E::OperationWithdrawn(_)) => state.ended(End::Withdrawn),
            (state, E::OperationExpired(_)) => state.ended(End::Expired),
            (state, E::OperationStopped(_)) => state.ended(End::Stopped),
            (state, _) => state,
        };
    }
}

/// The operation that the command is for.
fn named(accepted: &Accepted<OperationCommand>) -> Result<OperationId, OperationRejection> {
    let id = OperationId::new(accepted.id.as_str());
    let id = id.map_err(OperationRejection::OperationIdInvalid)?;
    if route::READINGS.contains(&id.as_str()) {
        let id = id.as_str().to_owned();
        return Err(OperationRejection::OperationIdReserved(id));
    }
    Ok(id)
}

/// Whether one and the same may be behind both: by who they are, and by what they are called where
/// that is not known.
fn is_same(one: (&Actor, Option<Identity>), other: (&Actor, Option<Identity>)) -> bool {
    one.0 == other.0 || (one.1.is_some() && one.1 == other.1)
}

/// Whether a second person has to agree: what concerns more than one key is more than one desk's
/// business, and what is discarded is lost.
fn needs_second(propose: &ProposeOperation) -> bool {
    match (propose.what, &propose.letters) {
        (Mending::Discard, _) | (Mending::Redrive, Letters::Fingerprint { .. }) => true,
        (Mending::Redrive, Letters::Letter { .. } | Letters::Key { .. }) => false,
    }
}

impl Operation {
    fn propose(
        &self,
        operation_id: OperationId,
        accepted: &Accepted<OperationCommand>,
        propose: &ProposeOperation,
    ) -> Decision {
        if let Some(before) = self.proposal() {
            let again = before.what == propose.what
                && before.letters == propose.letters
                && before.reason == propose.reason
                && before.proposed_by == accepted.actor;
            return if again {
                Ok(vec![])
            } else {
                Err(OperationRejection::IdConflict)
            };
        }
        let expiry_s = propose.expires_in_s.unwrap_or(EXPIRY_S);
        if !(EXPIRY_MIN_S..=EXPIRY_MAX_S).contains(&expiry_s) {
            return Err(OperationRejection::ExpiryOutOfRange(expiry_s));
        }
        let waits_ms = i64::from(expiry_s) * 1_000;
        let expires_at = needs_second(propose).then(|| accepted.at.plus_millis(waits_ms));
        let proposed = OperationProposed {
            operation_id,
            what: propose.what,
            letters: propose.letters.clone(),
            reason: propose.reason.clone(),
            proposed_by: accepted.actor.clone(),
            proposer: accepted.identity,
            expires_at,
        };
        let begins = expires_at
            .is_none()
            .then(|| first(&proposed, None, accepted.at));
        let mut events = vec![OperationEvent::OperationProposed(proposed)];
        events.extend(begins);
        Ok(events)
    }

    fn confirm(
        &self,
        operation_id: OperationId,
        accepted: &Accepted<OperationCommand>,
    ) -> Decision {
        let by = (&accepted.actor, accepted.identity);
        let proposed = match self {
            Self::Proposed(proposed) => proposed,
            Self::Ended(ended) if ended.end == End::Expired => {
                return Err(OperationRejection::ProposalExpired);
            }
            Self::Absent | Self::Running(_) | Self::Ended(_) => {
                let before = self.confirmation();
                let again = before.is_some_and(|before| before.confirmed_by == accepted.actor);
                return if again {
                    Ok(vec![])
                } else {
                    Err(self.impossible(&accepted.command))
                };
            }
        };
        if is_same(by, (&proposed.proposed_by, proposed.proposer)) {
            return Err(OperationRejection::FourEyes);
        }
        if proposed
            .expires_at
            .is_some_and(|expires_at| expires_at <= accepted.at)
        {
            return Err(OperationRejection::ProposalExpired);
        }
        let confirmed = OperationConfirmed {
            operation_id,
            confirmed_by: accepted.actor.clone(),
            confirmer: accepted.identity,
        };
        let begins = first(proposed, Some(&confirmed), accepted.at);
        Ok(vec![OperationEvent::OperationConfirmed(confirmed), begins])
    }

    fn withdraw(&self, operation_id: OperationId, command: &OperationCommand) -> Decision {
        match self {
            Self::Proposed(_) | Self::Running(_) => {
                let withdrawn = OperationEnded { operation_id };
                Ok(vec![OperationEvent::OperationWithdrawn(withdrawn)])
            }
            Self::Ended(ended) if ended.end == End::Withdrawn => Ok(vec![]),
            Self::Absent | Self::Ended(_) => Err(self.impossible(command)),
        }
    }

    /// A timer that fires late finds another state, and changes nothing.
    fn expire(&self, operation_id: OperationId, expire: &ExpireOperation) -> Vec<OperationEvent> {
        match self {
            Self::Proposed(proposed) if proposed.expires_at == Some(expire.expires_at) => {
                let expired = OperationEnded { operation_id };
                vec![OperationEvent::OperationExpired(expired)]
            }
            _ => vec![],
        }
    }

    /// Whose answer the operation awaits: a repeat changes nothing.
    fn awaits(&self, step: u32) -> bool {
        match self {
            Self::Running(running) => running.step == step,
            Self::Ended(ended) => ended.open_step == Some(step),
            Self::Absent | Self::Proposed(_) => false,
        }
    }

    fn record(&self, operation_id: OperationId, record: &RecordStep) -> Vec<OperationEvent> {
        if !self.awaits(record.step) {
            return vec![];
        }
        let stepped = &record.stepped;
        let mut events = vec![OperationEvent::StepRecorded(StepRecorded {
            operation_id: operation_id.clone(),
            step: record.step,
            counts: stepped.counts,
            left: stepped.left.clone(),
        })];
        if let Self::Running(running) = self {
            let is_over = stepped.next.found_all && stepped.next.places.is_empty();
            events.push(if is_over {
                let counts = running.counts.plus(stepped.counts);
                OperationEvent::OperationCompleted(OperationCompleted {
                    operation_id,
                    counts,
                })
            } else {
                running.goes_on(stepped.next.clone())
            });
        }
        events
    }

    fn stop(&self, operation_id: OperationId, stop: &StopOperation) -> Vec<OperationEvent> {
        match self {
            Self::Running(running) if running.step == stop.step => {
                vec![OperationEvent::OperationStopped(OperationStopped {
                    operation_id,
                    code: stop.code.clone(),
                    detail: stop.detail.clone(),
                })]
            }
            _ => vec![],
        }
    }

    fn impossible(&self, command: &OperationCommand) -> OperationRejection {
        OperationRejection::InvalidTransition {
            command: command.name(),
            state: self.state(),
        }
    }

    fn ended(self, end: End) -> Self {
        match self {
            Self::Proposed(proposed) => Self::Ended(Ended {
                proposed,
                confirmed: None,
                end,
                open_step: None,
            }),
            Self::Running(running) => Self::Ended(Ended {
                open_step: (end == End::Withdrawn).then_some(running.step),
                proposed: running.proposed,
                confirmed: running.confirmed,
                end,
            }),
            state => state,
        }
    }
}
