//! Waiting: how a conversation comes into a queue, moves there and leaves it unanswered.

use super::aggregate::Conversation;
use super::command::{Enqueue, Expire, Handoff, MarkOverdue, Overflow, Relax, Reprioritise};
use super::event::{
    AnswerOverdue, ConversationEvent as E, HandedOff, Happened, Overflowed, PriorityChanged,
    QueueCause, Queued, RequirementsRelaxed, Sticky,
};
use super::moment::Moment;
use super::offer_event::OfferMoved;
use super::stage::{LiveOffer, Place, Stage};
use crate::bounds::{Priority, Requirements, WaitMs};
use crate::label::{AgentId, Queue};

/// How long, in milliseconds, a preferred agent comes before the pool.
const STICKY_MS: i64 = 120_000;

/// How long a wait may last: until it is given up, until it is overdue.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    ttl_ms: Option<WaitMs>,
    answer_within_ms: Option<WaitMs>,
}

impl Conversation {
    pub(super) fn enqueue(&self, now: &Moment<'_>, enqueue: &Enqueue) -> Vec<E> {
        let queued = self.first_queued(
            now,
            QueueCause::Enqueued,
            &enqueue.queue,
            &enqueue.requirements,
            enqueue.priority,
            Limits {
                ttl_ms: enqueue.ttl_ms,
                answer_within_ms: enqueue.answer_within_ms,
            },
        );
        vec![E::Queued(queued)]
    }

    /// The wait begins here, not when the bot began.
    pub(super) fn hand_off(&self, now: &Moment<'_>, handoff: &Handoff) -> Vec<E> {
        let handed_off = HandedOff {
            at: now.at,
            reason: handoff.reason.clone(),
            summary: handoff.summary.clone(),
        };
        let queued = self.first_queued(
            now,
            QueueCause::HandedOff,
            &handoff.queue,
            &handoff.requirements,
            handoff.priority,
            Limits {
                ttl_ms: handoff.ttl_ms,
                answer_within_ms: handoff.answer_within_ms,
            },
        );
        vec![E::HandedOff(handed_off), E::Queued(queued)]
    }

    pub(super) fn first_queued(
        &self,
        now: &Moment<'_>,
        cause: QueueCause,
        queue: &Queue,
        requirements: &Requirements,
        priority: Option<Priority>,
        limits: Limits,
    ) -> Queued {
        let Limits {
            ttl_ms,
            answer_within_ms,
        } = limits;
        let opened_with = self.opened.as_ref().map(|opened| opened.priority);
        Queued {
            at: now.at,
            cause,
            queue: queue.clone(),
            requirements: requirements.clone(),
            priority: priority.or(opened_with).unwrap_or_default(),
            enqueued_at: now.at,
            seq: self.seq + 1,
            hops: 0,
            ttl_ms,
            expires_at: ttl_ms.map(|ttl| now.after_ms(ttl.get())),
            answer_within_ms,
            answer_by: answer_within_ms.map(|within| now.after_ms(within.get())),
            sticky: None,
        }
    }

    /// The same place except for its time: the wait restarts.
    pub(super) fn queued_again(
        &self,
        now: &Moment<'_>,
        cause: QueueCause,
        place: &Place,
    ) -> Queued {
        Queued {
            at: now.at,
            cause,
            queue: place.queue.clone(),
            requirements: place.requirements.clone(),
            priority: place.priority,
            enqueued_at: now.at,
            seq: self.seq + 1,
            hops: place.hops,
            ttl_ms: place.ttl_ms,
            expires_at: place.ttl_ms.map(|ttl| now.after_ms(ttl.get())),
            answer_within_ms: place.answer_within_ms,
            answer_by: place
                .answer_within_ms
                .map(|within| now.after_ms(within.get())),
            sticky: None,
        }
    }

    pub(super) fn reprioritise(
        &self,
        now: &Moment<'_>,
        place: &Place,
        change: &Reprioritise,
    ) -> Vec<E> {
        if place.priority == change.priority {
            return vec![];
        }
        vec![E::PriorityChanged(PriorityChanged {
            at: now.at,
            priority: change.priority,
        })]
    }

    pub(super) fn relax(&self, now: &Moment<'_>, place: &Place, relax: &Relax) -> Vec<E> {
        if relax.ring <= place.ring {
            return vec![];
        }
        vec![E::RequirementsRelaxed(RequirementsRelaxed {
            at: now.at,
            ring: relax.ring,
            requirements: place.requirements.without(&relax.dropped),
        })]
    }

    pub(super) fn overflow(&self, now: &Moment<'_>, place: &Place, overflow: &Overflow) -> Vec<E> {
        if place.queue == overflow.queue {
            return vec![];
        }
        vec![E::Overflowed(Overflowed {
            at: now.at,
            from: place.queue.clone(),
            queue: overflow.queue.clone(),
        })]
    }

    pub(super) fn expire(&self, now: &Moment<'_>, expire: &Expire) -> Vec<E> {
        match &self.stage {
            Stage::Queued(place) | Stage::Offered(place, _) if place.seq == expire.seq => {
                let mut events = self.cancel_offers(now);
                events.push(E::Expired(Happened { at: now.at }));
                events
            }
            _ => vec![],
        }
    }

    pub(super) fn mark_overdue(&self, now: &Moment<'_>, overdue: &MarkOverdue) -> Vec<E> {
        let (Stage::Queued(place) | Stage::Offered(place, _)) = &self.stage else {
            return vec![];
        };
        match (place.answer_by, place.answer_within_ms) {
            (Some(_), Some(answer_within_ms)) if place.seq == overdue.seq => {
                vec![E::AnswerOverdue(AnswerOverdue {
                    at: now.at,
                    queue: place.queue.clone(),
                    answer_within_ms,
                })]
            }
            _ => vec![],
        }
    }

    /// What is offered has gone.
    pub(super) fn cancel_offers(&self, now: &Moment<'_>) -> Vec<E> {
        let live = self.stage.live_offers().iter();
        live.map(|offer| cancelled(now, offer)).collect()
    }
}

pub(super) fn cancelled(now: &Moment<'_>, offer: &LiveOffer) -> E {
    E::OfferCanceled(OfferMoved {
        at: now.at,
        offer_id: offer.offer_id.clone(),
        agent_id: offer.agent_id.clone(),
    })
}

/// A preference for who knows the customer, with a time box.
pub(super) fn sticky(now: &Moment<'_>, agent_id: Option<&AgentId>) -> Option<Sticky> {
    agent_id.map(|agent_id| Sticky {
        agent_id: agent_id.clone(),
        until: now.at.plus_millis(STICKY_MS),
    })
}
