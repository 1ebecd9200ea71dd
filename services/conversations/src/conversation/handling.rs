//! Talking: what an agent does with a conversation that is theirs.

use super::aggregate::{Conversation, Decided};
use super::command::{
    CompleteTransfer, Consult, ConversationCommand, End, ExpireWrapUp, FailTransfer, LoseAgent,
    Park, TransferCold, Unpark,
};
use super::event::{
    AgentActed, AgentLeft, ConsultStarted, ConversationEvent as E, Ended, OwnerChanged, Parked,
    QueueCause, Queued, RequeueCause, Requeued, TransferFailed, TransferRequested, UnparkCause,
    Unparked,
};
use super::moment::Moment;
use super::queueing::sticky;
use super::rejection::ConversationRejection;
use super::stage::{Consultation, Handling, Parking, Place, Stage, Talk};
use crate::bounds::Priority;
use crate::label::{AgentId, OfferId};

/// Cold transfers of one episode: more is a customer sent in circles.
const HOPS_MAX: u32 = 11;
/// Minutes of waiting given to a customer whose agent was lost.
const LOST_AGENT_BOOST: i64 = 10;

impl Conversation {
    pub(super) fn hold(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        handling: &Handling,
    ) -> Decided {
        match handling.talk {
            Talk::Talking => Ok(vec![E::Held(acted(now, &handling.owner))]),
            Talk::Held | Talk::Consulting(_) | Talk::Conferenced(_) => Err(self.refuse(command)),
        }
    }

    pub(super) fn resume(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        handling: &Handling,
    ) -> Decided {
        match handling.talk {
            Talk::Held => Ok(vec![E::Resumed(acted(now, &handling.owner))]),
            Talk::Talking | Talk::Consulting(_) | Talk::Conferenced(_) => Err(self.refuse(command)),
        }
    }

    pub(super) fn set_aside(&self, now: &Moment<'_>, handling: &Handling, park: &Park) -> Vec<E> {
        let mut events = self.dismiss_participant(now);
        events.push(E::Parked(Parked {
            at: now.at,
            agent_id: handling.owner.clone(),
            until: park.until,
        }));
        events
    }

    pub(super) fn unpark(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        unpark: &Unpark,
    ) -> Decided {
        match (&self.stage, unpark.parked_version) {
            (Stage::Parked(place, parking), None) => {
                Ok(self.wake(now, place, parking, UnparkCause::Agent))
            }
            (Stage::Parked(place, parking), Some(version)) if version == parking.version => {
                Ok(self.wake(now, place, parking, UnparkCause::Timer))
            }
            (_, Some(_)) => Ok(vec![]),
            (_, None) => Err(self.refuse(command)),
        }
    }

    /// A callback keeps its place. Who was answered before waits from now on, and goes through the
    /// queue: the agent who had it is preferred there, but may be full or gone.
    pub(super) fn wake(
        &self,
        now: &Moment<'_>,
        place: &Place,
        parking: &Parking,
        cause: UnparkCause,
    ) -> Vec<E> {
        let unparked = E::Unparked(Unparked {
            at: now.at,
            cause,
            agent_id: parking.agent_id.clone(),
        });
        let mut events = vec![unparked];
        if parking.agent_id.is_some() {
            events.push(E::Queued(Queued {
                sticky: sticky(now, parking.agent_id.as_ref()),
                ..self.queued_again(now, QueueCause::Unparked, place)
            }));
        }
        events
    }

    pub(super) fn consult(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        handling: &Handling,
        consult: &Consult,
    ) -> Decided {
        let is_alone = matches!(handling.talk, Talk::Talking | Talk::Held);
        if !is_alone || consult.target == handling.owner {
            return Err(self.refuse(command));
        }
        Ok(vec![E::ConsultStarted(ConsultStarted {
            at: now.at,
            agent_id: handling.owner.clone(),
            target: consult.target.clone(),
            offer_id: consult.offer_id.clone(),
        })])
    }

    pub(super) fn conference(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        handling: &Handling,
    ) -> Decided {
        let asked = self.connected(command, handling)?;
        let mut events = vec![];
        if asked.on_hold {
            events.push(E::Resumed(acted(now, &handling.owner)));
        }
        events.push(E::ParticipantJoined(acted(now, &asked.target)));
        Ok(events)
    }

    pub(super) fn end_consult(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        handling: &Handling,
    ) -> Decided {
        match handling.talk.participant() {
            Some(participant) => Ok(vec![E::ParticipantLeft(acted(now, participant))]),
            None => Err(self.refuse(command)),
        }
    }

    /// The consulted agent's slot is active, or gone before it was; anything else is no event.
    pub(super) fn consult_answered(
        &self,
        now: &Moment<'_>,
        offer_id: &OfferId,
        is_there: bool,
    ) -> Vec<E> {
        match &self.stage {
            Stage::Active(_, handling) => match &handling.talk {
                Talk::Consulting(asked) if asked.offer_id == *offer_id && !asked.connected => {
                    let acted = acted(now, &asked.target);
                    vec![if is_there {
                        E::ConsultConnected(acted)
                    } else {
                        E::ParticipantLeft(acted)
                    }]
                }
                _ => vec![],
            },
            _ => vec![],
        }
    }

    /// The agent leaves exactly here, no matter who serves the target queue.
    pub(super) fn transfer_cold(
        &self,
        now: &Moment<'_>,
        place: &Place,
        handling: &Handling,
        transfer: &TransferCold,
    ) -> Decided {
        if place.hops >= HOPS_MAX {
            return Err(ConversationRejection::HopLimit { max: HOPS_MAX });
        }
        let requested = TransferRequested {
            at: now.at,
            agent_id: handling.owner.clone(),
            queue: transfer.queue.clone(),
            to_agent_id: transfer.to_agent_id.clone(),
        };
        let left = AgentLeft {
            at: now.at,
            agent_id: handling.owner.clone(),
            wrap_up_s: transfer.wrap_up_s,
        };
        let queued = Queued {
            queue: transfer.queue.clone(),
            requirements: transfer.requirements.clone(),
            hops: place.hops + 1,
            sticky: sticky(now, transfer.to_agent_id.as_ref()),
            ..self.queued_again(now, QueueCause::Transferred, place)
        };
        let mut events = self.dismiss_participant(now);
        events.push(E::TransferRequested(requested));
        events.push(E::AgentLeft(left));
        events.push(E::Queued(queued));
        Ok(events)
    }

    pub(super) fn complete_transfer(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        handling: &Handling,
        transfer: &CompleteTransfer,
    ) -> Decided {
        let asked = self.connected(command, handling)?;
        Ok(vec![E::OwnerChanged(OwnerChanged {
            at: now.at,
            from: handling.owner.clone(),
            to: asked.target.clone(),
            wrap_up_s: transfer.wrap_up_s,
        })])
    }

    pub(super) fn fail_transfer(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        handling: &Handling,
        fail: &FailTransfer,
    ) -> Decided {
        let asked = self.consulted(command, handling)?;
        Ok(vec![E::TransferFailed(TransferFailed {
            at: now.at,
            agent_id: handling.owner.clone(),
            target: asked.target.clone(),
            reason: fail.reason.clone(),
        })])
    }

    pub(super) fn end(&self, now: &Moment<'_>, handling: &Handling, end: &End) -> Vec<E> {
        let mut events = self.dismiss_participant(now);
        events.push(E::Ended(Ended {
            at: now.at,
            by: end.by,
            agent_id: handling.owner.clone(),
            wrap_up_s: end.wrap_up_s,
            disposition_required: end.disposition_required,
        }));
        events
    }

    pub(super) fn lose_agent(&self, now: &Moment<'_>, lose: &LoseAgent) -> Vec<E> {
        let agent_id = &lose.agent_id;
        match &self.stage {
            Stage::Active(place, handling) if handling.owner == *agent_id => {
                let mut events = self.dismiss_participant(now);
                events.extend(self.requeue_lost(now, place, agent_id));
                events
            }
            Stage::Active(_, handling) if handling.talk.participant() == Some(agent_id) => {
                vec![E::ParticipantLeft(acted(now, agent_id))]
            }
            Stage::Parked(place, parking) if parking.agent_id.as_ref() == Some(agent_id) => {
                self.requeue_lost(now, place, agent_id)
            }
            Stage::WrapUp(..) => self.expire_wrap_up(
                now,
                &ExpireWrapUp {
                    agent_id: agent_id.clone(),
                    wrap_up_version: None,
                },
            ),
            _ => vec![],
        }
    }

    fn requeue_lost(&self, now: &Moment<'_>, place: &Place, agent_id: &AgentId) -> Vec<E> {
        let requeued = Requeued {
            at: now.at,
            cause: RequeueCause::AgentOffline,
            enqueued_at: place.enqueued_at,
            seq: place.seq,
            new_wait_clock: true,
            agent_id: Some(agent_id.clone()),
        };
        let queued = Queued {
            priority: Priority::clamped(place.priority.get() + LOST_AGENT_BOOST),
            ..self.queued_again(now, QueueCause::AgentOffline, place)
        };
        vec![E::Requeued(requeued), E::Queued(queued)]
    }

    /// No participant stays when the owner leaves.
    pub(super) fn dismiss_participant(&self, now: &Moment<'_>) -> Vec<E> {
        let participant = self.stage.participant();
        let left = participant.map(|agent_id| E::ParticipantLeft(acted(now, agent_id)));
        left.into_iter().collect()
    }

    /// The consulted agent, whose slot is active: no agent leaves before that, and no owner is
    /// without a slot.
    fn connected<'h>(
        &self,
        command: &ConversationCommand,
        handling: &'h Handling,
    ) -> Result<&'h Consultation, ConversationRejection> {
        let asked = self.consulted(command, handling)?;
        if asked.connected {
            Ok(asked)
        } else {
            Err(ConversationRejection::ConsultPending {
                offer_id: asked.offer_id.clone(),
            })
        }
    }

    fn consulted<'h>(
        &self,
        command: &ConversationCommand,
        handling: &'h Handling,
    ) -> Result<&'h Consultation, ConversationRejection> {
        match &handling.talk {
            Talk::Consulting(asked) => Ok(asked),
            Talk::Talking | Talk::Held | Talk::Conferenced(_) => Err(self.refuse(command)),
        }
    }
}

fn acted(now: &Moment<'_>, agent_id: &AgentId) -> AgentActed {
    AgentActed {
        at: now.at,
        agent_id: agent_id.clone(),
    }
}
