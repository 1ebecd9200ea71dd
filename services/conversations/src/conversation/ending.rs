//! Ends: wrap-up, what supervisors do over the heads of all, and the way back.

use kernel::{AggregateId, Timestamp};

use super::aggregate::{Conversation, Decided};
use super::command::{
    CompleteWrapUp, ConversationCommand, ExpireWrapUp, ForceClose, ForceRequeue, Merge,
};
use super::event::{
    ConversationEvent as E, Disposed, Forced, Merged, QueueCause, Queued, Reopened, WrapUpTimedOut,
};
use super::moment::Moment;
use super::offer_event::RescindCause;
use super::offering::rescinded;
use super::queueing::{Limits, cancelled, sticky};
use super::rejection::ConversationRejection;
use super::stage::{Closing, Stage};
use crate::bounds::{Reason, Requirements};
use crate::label::{AgentId, DispositionCode};

/// Milliseconds after its end within which a conversation is reopened rather than begun again: a
/// week.
const REOPEN_WINDOW_MS: u64 = 7 * 24 * 3_600_000;
/// Takes the place of the code of an agent who gave none.
const TIMED_OUT_CODE: &str = "wrap-up-timed-out";

impl Conversation {
    pub(super) fn complete_wrap_up(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        complete: &CompleteWrapUp,
    ) -> Decided {
        match &self.stage {
            Stage::WrapUp(_, wrap_up) if wrap_up.owner == complete.agent_id => {
                if wrap_up.disposition_required && complete.codes.as_slice().is_empty() {
                    return Err(ConversationRejection::DispositionRequired);
                }
                Ok(vec![E::Disposed(Disposed {
                    at: now.at,
                    agent_id: complete.agent_id.clone(),
                    codes: complete.codes.clone(),
                })])
            }
            // An agent who passed it on, or whose wrap-up is over, has nothing to close here.
            _ if self.has_had(&complete.agent_id) => Ok(vec![]),
            _ => Err(self.refuse(command)),
        }
    }

    fn has_had(&self, agent_id: &AgentId) -> bool {
        self.stage.owner() != Some(agent_id) && self.served.contains(agent_id)
    }

    pub(super) fn expire_wrap_up(&self, now: &Moment<'_>, expire: &ExpireWrapUp) -> Vec<E> {
        match &self.stage {
            Stage::WrapUp(_, wrap_up)
                if wrap_up.owner == expire.agent_id
                    && expire
                        .wrap_up_version
                        .is_none_or(|version| version == wrap_up.version) =>
            {
                let code = DispositionCode::new(TIMED_OUT_CODE)
                    .expect("the code is short and of graphic characters");
                vec![E::WrapUpTimedOut(WrapUpTimedOut {
                    at: now.at,
                    agent_id: expire.agent_id.clone(),
                    code,
                })]
            }
            _ => vec![],
        }
    }

    /// Who still waits keeps the place; who was answered waits from now on.
    pub(super) fn force_requeue(&self, now: &Moment<'_>, force: &ForceRequeue) -> Vec<E> {
        let cause = QueueCause::ForceRequeued;
        let queued = match &self.stage {
            Stage::Queued(place) | Stage::Offered(place, _) => Queued {
                enqueued_at: place.enqueued_at,
                expires_at: place.expires_at,
                answer_by: place.answer_by,
                sticky: place.sticky.clone(),
                ..self.queued_again(now, cause, place)
            },
            Stage::Active(place, _) | Stage::Parked(place, _) | Stage::WrapUp(place, _) => {
                self.queued_again(now, cause, place)
            }
            Stage::Absent | Stage::Created | Stage::Bot | Stage::Closed(_) => {
                let requirements = Requirements::default();
                self.first_queued(
                    now,
                    cause,
                    &force.queue,
                    &requirements,
                    None,
                    Limits::default(),
                )
            }
        };
        let queued = Queued {
            queue: force.queue.clone(),
            ..queued
        };
        let live = self.stage.live_offers().iter();
        let mut events: Vec<_> = live
            .map(|offer| {
                if offer.accepting {
                    cancelled(now, offer)
                } else {
                    rescinded(now, offer, RescindCause::Supervisor)
                }
            })
            .collect();
        events.extend(self.dismiss_participant(now));
        events.push(E::ForceRequeued(self.forced(now, &force.reason)));
        events.push(E::Queued(queued));
        events
    }

    pub(super) fn force_close(&self, now: &Moment<'_>, force: &ForceClose) -> Vec<E> {
        let mut events = self.cancel_offers(now);
        events.extend(self.dismiss_participant(now));
        events.push(E::ForceClosed(self.forced(now, &force.reason)));
        events
    }

    fn forced(&self, now: &Moment<'_>, reason: &Reason) -> Forced {
        Forced {
            at: now.at,
            by: now.by.clone(),
            reason: reason.clone(),
            agent_id: self.stage.owner().cloned(),
        }
    }

    pub(super) fn merge(&self, now: &Moment<'_>, own: &AggregateId, merge: &Merge) -> Decided {
        if merge.into.as_str() == own.as_str() {
            return Err(ConversationRejection::MergeTargetInvalid);
        }
        let mut events = self.cancel_offers(now);
        events.extend(self.dismiss_participant(now));
        events.push(E::Merged(Merged {
            at: now.at,
            by: now.by.clone(),
            into: merge.into.clone(),
            agent_id: self.stage.owner().cloned(),
        }));
        Ok(events)
    }

    /// Within the window only, and only what was in a queue: its place gives the queue.
    pub(super) fn reopen(&self, now: &Moment<'_>, closing: &Closing) -> Decided {
        let over = || ConversationRejection::ConversationOver {
            goes_on_in: closing.goes_on_in.clone(),
        };
        if closing.goes_on_in.is_some() || !is_recent(now, closing) {
            return Err(over());
        }
        let events = self.reopen_for(now, closing, now.at);
        if events.is_empty() {
            return Err(over());
        }
        Ok(events)
    }

    /// For a customer who has waited since then; nothing, if it was never in a queue.
    pub(super) fn reopen_for(
        &self,
        now: &Moment<'_>,
        closing: &Closing,
        since: Timestamp,
    ) -> Vec<E> {
        let Some(place) = closing.place.as_deref() else {
            return vec![];
        };
        let reopened = Reopened {
            at: now.at,
            episode: self.episode + 1,
            previous_agent: closing.agent_id.clone(),
        };
        let within = place.answer_within_ms;
        let queued = Queued {
            hops: 0,
            sticky: sticky(now, closing.agent_id.as_ref()),
            enqueued_at: since,
            answer_by: within.map(|within| since.plus_millis(within.get())),
            ..self.queued_again(now, QueueCause::Reopened, place)
        };
        vec![E::Reopened(reopened), E::Queued(queued)]
    }
}

pub(super) fn is_recent(now: &Moment<'_>, closing: &Closing) -> bool {
    now.at.millis_since(closing.at) <= REOPEN_WINDOW_MS
}
