//! Offers: the one place where their outcome is decided.

use super::aggregate::{Conversation, Decided};
use super::command::{
    AcceptOffer, ConnectOffer, ConversationCommand, ExpireOffer, FailOffer, MarkOffered,
    RejectOffer, RescindOffer, TakeManually,
};
use super::event::{
    Connected, ConversationEvent as E, Happened, ManuallyTaken, RequeueCause, Requeued,
};
use super::moment::Moment;
use super::offer_event::{
    FailCause, MatchRefused, OfferFailed, OfferMoved, OfferRejected, OfferRescinded, Offered,
    RescindCause,
};
use super::rejection::ConversationRejection;
use super::stage::{LiveOffer, OfferOutcome, Place, Stage};
use super::timers::SETUP_MAX_MS;
use crate::bounds::OfferTtlMs;
use crate::label::{AgentId, OfferId};

/// Offers of one episode: more is a loop between matcher and agents, not a search.
const OFFERS_MAX: u32 = 1_000;

impl Conversation {
    pub(super) fn mark_offered(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        offer: &MarkOffered,
    ) -> Decided {
        if self.knows(offer) {
            return Ok(vec![]);
        }
        let live = self.stage.live_offers();
        let full = i64::try_from(live.len()).is_ok_and(|live| live >= offer.parallel_max.get());
        let taken = live
            .iter()
            .any(|live| live.accepting || live.agent_id == offer.agent_id);
        if full || taken || self.is_used(&offer.offer_id) {
            return Err(self.refuse(command));
        }
        if self.offers_made >= OFFERS_MAX {
            return Err(ConversationRejection::OfferLimit { max: OFFERS_MAX });
        }
        Ok(vec![E::Offered(Offered {
            at: now.at,
            offer_id: offer.offer_id.clone(),
            agent_id: offer.agent_id.clone(),
            decision_id: offer.decision_id.clone(),
            ttl_ms: offer.ttl_ms,
            expires_at: now.after_ms(offer.ttl_ms.get()),
        })])
    }

    /// An offer that was made before is a retry; the matcher must not release the slot for it.
    pub(super) fn mark_offered_again(
        &self,
        command: &ConversationCommand,
        offer: &MarkOffered,
    ) -> Decided {
        if self.knows(offer) {
            Ok(vec![])
        } else {
            Err(self.refuse(command))
        }
    }

    /// The router that reserved the slot does not wait for the answer, so a refusal is an event.
    pub(super) fn offer_match(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        offer: &MarkOffered,
    ) -> Decided {
        let made = match self.stage {
            Stage::Queued(_) | Stage::Offered(..) => self.mark_offered(now, command, offer),
            _ => self.mark_offered_again(command, offer),
        };
        made.or_else(|rejection| {
            let mut events = vec![E::MatchRefused(MatchRefused {
                at: now.at,
                offer_id: offer.offer_id.clone(),
                agent_id: offer.agent_id.clone(),
                decision_id: offer.decision_id.clone(),
                state: self.state(),
            })];
            let is_searched_out = matches!(rejection, ConversationRejection::OfferLimit { .. });
            // An agent with an open offer may still accept it; without one the search would never
            // end.
            if is_searched_out && matches!(self.stage, Stage::Queued(_)) {
                events.push(E::Expired(Happened { at: now.at }));
            }
            Ok(events)
        })
    }

    /// An offer to the one who asks for it, and their yes.
    pub(super) fn take(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        take: &TakeManually,
    ) -> Decided {
        if self.is_used(&take.offer_id) {
            return Err(self.refuse(command));
        }
        let (offer_id, agent_id) = (&take.offer_id, &take.agent_id);
        let ttl_ms = OfferTtlMs::clamped(SETUP_MAX_MS);
        Ok(vec![
            E::ManuallyTaken(ManuallyTaken {
                at: now.at,
                agent_id: agent_id.clone(),
                over_capacity: take.over_capacity,
                taken_by: now.by.clone(),
            }),
            E::Offered(Offered {
                at: now.at,
                offer_id: offer_id.clone(),
                agent_id: agent_id.clone(),
                decision_id: take.decision_id.clone(),
                ttl_ms,
                expires_at: now.after_ms(ttl_ms.get()),
            }),
            E::OfferAccepting(OfferMoved {
                at: now.at,
                offer_id: offer_id.clone(),
                agent_id: agent_id.clone(),
            }),
        ])
    }

    pub(super) fn accept_offer(&self, now: &Moment<'_>, accept: &AcceptOffer) -> Decided {
        let offer_id = &accept.offer_id;
        let Some((_, live, offer)) = self.live(offer_id) else {
            return self.stale_unless(offer_id, OfferOutcome::Accepted);
        };
        if offer.accepting {
            return Ok(vec![]);
        }
        if live.iter().any(|other| other.accepting) {
            return Err(ConversationRejection::OfferContended {
                offer_id: offer_id.clone(),
            });
        }
        Ok(vec![E::OfferAccepting(moved(now, offer))])
    }

    pub(super) fn reject_offer(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        reject: &RejectOffer,
    ) -> Decided {
        let Some((place, live, offer)) = self.live(&reject.offer_id) else {
            return self.stale_unless(&reject.offer_id, OfferOutcome::Rejected);
        };
        if offer.accepting {
            return Err(self.refuse(command));
        }
        let rejected = E::OfferRejected(OfferRejected {
            at: now.at,
            offer_id: offer.offer_id.clone(),
            agent_id: offer.agent_id.clone(),
            reason: reject.reason.clone(),
        });
        Ok(settle(
            now,
            place,
            live,
            rejected,
            RequeueCause::OfferRejected,
        ))
    }

    /// The order in this stream decides a race with an accept: the first wins.
    pub(super) fn expire_offer(&self, now: &Moment<'_>, expire: &ExpireOffer) -> Vec<E> {
        match self.live(&expire.offer_id) {
            Some((place, live, offer)) if !offer.accepting => {
                let expired = E::OfferExpired(moved(now, offer));
                settle(now, place, live, expired, RequeueCause::OfferExpired)
            }
            _ => vec![],
        }
    }

    pub(super) fn rescind_offer(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        rescind: &RescindOffer,
    ) -> Decided {
        let Some((place, live, offer)) = self.live(&rescind.offer_id) else {
            return Ok(self.consult_answered(now, &rescind.offer_id, false));
        };
        match (offer.accepting, rescind.cause) {
            (false, cause) => {
                let rescinded = rescinded(now, offer, cause);
                Ok(settle(
                    now,
                    place,
                    live,
                    rescinded,
                    RequeueCause::OfferRescinded,
                ))
            }
            // The agent accepted and lost the slot before it became active.
            (true, RescindCause::AgentUnavailable) => {
                let failed = failed(now, offer, FailCause::SlotLost);
                Ok(settle(now, place, live, failed, RequeueCause::OfferFailed))
            }
            (
                true,
                RescindCause::OtherWon | RescindCause::Supervisor | RescindCause::Superseded,
            ) => Err(self.refuse(command)),
        }
    }

    pub(super) fn fail_offer(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        fail: &FailOffer,
    ) -> Decided {
        match self.live(&fail.offer_id) {
            None => Ok(self.consult_answered(now, &fail.offer_id, false)),
            Some((_, _, offer)) if !offer.accepting => Err(self.refuse(command)),
            Some((place, live, offer)) => {
                let failed = failed(now, offer, fail.cause);
                Ok(settle(now, place, live, failed, RequeueCause::OfferFailed))
            }
        }
    }

    /// The other offers are rescinded only now that the winner is sure.
    pub(super) fn connect_offer(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        connect: &ConnectOffer,
    ) -> Decided {
        let Some((place, live, offer)) = self.live(&connect.offer_id) else {
            return Ok(self.consult_answered(now, &connect.offer_id, true));
        };
        if !offer.accepting {
            return Err(self.refuse(command));
        }
        let wait = now.wait_since(place.enqueued_at);
        let others = live.iter().filter(|other| other.offer_id != offer.offer_id);
        let mut events = vec![E::OfferAccepted(moved(now, offer))];
        events.extend(others.map(|other| rescinded(now, other, RescindCause::OtherWon)));
        events.push(E::Connected(Connected {
            at: now.at,
            agent_id: offer.agent_id.clone(),
            wait_ms: wait.ms,
            clock_anomaly: wait.clock_anomaly,
        }));
        Ok(events)
    }

    fn live(&self, offer_id: &OfferId) -> Option<(&Place, &[LiveOffer], &LiveOffer)> {
        let Stage::Offered(place, live) = &self.stage else {
            return None;
        };
        let offer = live.iter().find(|offer| offer.offer_id == *offer_id)?;
        Some((place, live, offer))
    }

    /// Whether this very offer was made.
    fn knows(&self, offer: &MarkOffered) -> bool {
        let same = |offer_id: &OfferId, agent_id: &AgentId| {
            *offer_id == offer.offer_id && *agent_id == offer.agent_id
        };
        let mut live = self.stage.live_offers().iter();
        let mut settled = self.final_offers.iter();
        live.any(|live| same(&live.offer_id, &live.agent_id))
            || settled.any(|settled| same(&settled.offer_id, &settled.agent_id))
    }

    fn is_used(&self, offer_id: &OfferId) -> bool {
        let mut live = self.stage.live_offers().iter();
        let mut settled = self.final_offers.iter();
        live.any(|live| live.offer_id == *offer_id)
            || settled.any(|settled| settled.offer_id == *offer_id)
    }

    /// What the agent wants already holds, or comes too late.
    fn stale_unless(&self, offer_id: &OfferId, wanted: OfferOutcome) -> Decided {
        let mut settled = self.final_offers.iter();
        if settled.any(|offer| offer.offer_id == *offer_id && offer.outcome == wanted) {
            Ok(vec![])
        } else {
            Err(ConversationRejection::StaleOffer {
                offer_id: offer_id.clone(),
            })
        }
    }
}

/// The last live offer's end brings the conversation back to its old place.
fn settle(
    now: &Moment<'_>,
    place: &Place,
    live: &[LiveOffer],
    outcome: E,
    cause: RequeueCause,
) -> Vec<E> {
    let mut events = vec![outcome];
    if live.len() == 1 {
        events.push(E::Requeued(Requeued {
            at: now.at,
            cause,
            enqueued_at: place.enqueued_at,
            seq: place.seq,
            new_wait_clock: false,
            agent_id: None,
        }));
    }
    events
}

fn moved(now: &Moment<'_>, offer: &LiveOffer) -> OfferMoved {
    OfferMoved {
        at: now.at,
        offer_id: offer.offer_id.clone(),
        agent_id: offer.agent_id.clone(),
    }
}

pub(super) fn rescinded(now: &Moment<'_>, offer: &LiveOffer, cause: RescindCause) -> E {
    E::OfferRescinded(OfferRescinded {
        at: now.at,
        offer_id: offer.offer_id.clone(),
        agent_id: offer.agent_id.clone(),
        cause,
    })
}

fn failed(now: &Moment<'_>, offer: &LiveOffer, cause: FailCause) -> E {
    E::OfferFailed(OfferFailed {
        at: now.at,
        offer_id: offer.offer_id.clone(),
        agent_id: offer.agent_id.clone(),
        cause,
    })
}
