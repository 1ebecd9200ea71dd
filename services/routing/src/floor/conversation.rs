//! A conversation, as its own events tell.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{EventMeta, Timestamp};
use serde::{Deserialize, Serialize};

use super::event::{ConversationEvent as E, OfferMoved, Queued, Sticky};
use super::moment::after_s;
use super::offer::LiveOffer;
use crate::label::{AgentId, Channel, Intent, OfferId, QueueId, Skill};

/// Seconds after which a refusal is forgotten: no queue may let agents cool down for longer.
const REFUSED_MAX_S: u32 = 86_400;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Conversation {
    pub(crate) version: u64,
    pub(crate) channel: Channel,
    pub(crate) intent: Intent,
    pub(crate) stage: Stage,
    pub(crate) place: Option<Box<Place>>,
    pub(crate) offers: Vec<LiveOffer>,
    /// When agents last refused it, or let its offer run out.
    pub(crate) refused: BTreeMap<AgentId, Timestamp>,
    /// Since when it is in this state.
    pub(crate) since: Timestamp,
}

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Waits, without an open offer.
    Queued,
    Offered,
    /// With a bot, with an agent, parked, in wrap-up.
    Elsewhere,
    Closed,
}

/// A place among those who wait. It is kept while the conversation is elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) queue: QueueId,
    pub(crate) requirements: BTreeSet<Skill>,
    pub(crate) ring: u32,
    pub(crate) priority: i64,
    pub(crate) enqueued_at: Timestamp,
    pub(crate) seq: u64,
    pub(crate) sticky: Option<Sticky>,
    /// Queues it overflowed from: it does not go round in circles.
    pub(crate) left: BTreeSet<QueueId>,
}

impl Conversation {
    pub(crate) fn new(channel: Channel, intent: Intent) -> Self {
        Self {
            version: 0,
            channel,
            intent,
            stage: Stage::Elsewhere,
            place: None,
            offers: Vec::new(),
            refused: BTreeMap::new(),
            since: Timestamp::default(),
        }
    }

    /// Its place, if it waits there without an open offer.
    pub(crate) fn waits(&self) -> Option<&Place> {
        let place = self.place.as_deref();
        place.filter(|_| self.stage == Stage::Queued)
    }

    /// The queue it waits in while an agent is asked for it.
    pub(crate) fn offered_in(&self) -> Option<&QueueId> {
        let place = self.place.as_ref();
        let offered = place.filter(|_| self.stage == Stage::Offered);
        offered.map(|place| &place.queue)
    }

    /// Whether the agent is asked for it at the moment.
    pub(crate) fn asks(&self, agent: &AgentId) -> bool {
        self.offers.iter().any(|offer| offer.agent_id == *agent)
    }

    pub(crate) fn apply(&mut self, meta: &EventMeta, event: E) {
        self.version = meta.sequence;
        self.since = meta.at;
        match event {
            E::ConversationCreated(created) => {
                self.channel = created.channel;
                self.intent = created.intent;
            }
            E::Queued(queued) => self.queue(queued),
            E::Requeued(requeued) if !requeued.new_wait_clock => {
                self.change(|place| {
                    place.enqueued_at = requeued.enqueued_at;
                    place.seq = requeued.seq;
                });
            }
            E::Requeued(_) => {}
            E::PriorityChanged(changed) => self.change(|place| place.priority = changed.priority),
            E::RequirementsRelaxed(relaxed) => self.change(|place| {
                place.ring = relaxed.ring;
                place.requirements = relaxed.requirements;
            }),
            E::Overflowed(overflowed) => self.change(|place| {
                let left = std::mem::replace(&mut place.queue, overflowed.queue);
                place.left.insert(left);
            }),
            E::Offered(offered) => {
                self.stage = Stage::Offered;
                self.offers.push(LiveOffer {
                    offer_id: offered.offer_id,
                    agent_id: offered.agent_id,
                    decision_id: offered.decision_id,
                    expires_at: offered.expires_at,
                    accepting: false,
                });
            }
            E::OfferAccepting(moved) => self.accept(&moved.offer_id),
            E::OfferAccepted(moved) => {
                self.offers.retain(|offer| offer.offer_id != moved.offer_id);
                self.stage = Stage::Elsewhere;
            }
            E::OfferRejected(moved) | E::OfferExpired(moved) => self.refuse(moved),
            E::OfferRescinded(moved) | E::OfferCanceled(moved) | E::OfferFailed(moved) => {
                self.settle(&moved.offer_id);
            }
            E::Unparked(unparked) if unparked.agent_id.is_none() => self.stage = Stage::Queued,
            E::Connected(_)
            | E::CallbackRequested(_)
            | E::Parked(_)
            | E::Unparked(_)
            | E::Reopened(_) => {
                self.stage = Stage::Elsewhere;
            }
            E::Ended(ended) if ended.wrap_up_s > 0 => self.stage = Stage::Elsewhere,
            E::Ended(_)
            | E::Abandoned(_)
            | E::LeftBeforeQueue(_)
            | E::ResolvedByBot(_)
            | E::Expired(_)
            | E::Cancelled(_)
            | E::Disposed(_)
            | E::WrapUpTimedOut(_)
            | E::ForceClosed(_)
            | E::Merged(_) => self.stage = Stage::Closed,
            E::MatchRefused(_) => {}
        }
    }

    fn queue(&mut self, queued: Queued) {
        self.stage = Stage::Queued;
        self.offers.clear();
        self.place = Some(Box::new(Place {
            queue: queued.queue,
            requirements: queued.requirements,
            ring: 0,
            priority: queued.priority,
            enqueued_at: queued.enqueued_at,
            seq: queued.seq,
            sticky: queued.sticky,
            left: BTreeSet::new(),
        }));
    }

    fn change(&mut self, change: impl FnOnce(&mut Place)) {
        if let Some(place) = &mut self.place {
            change(place);
        }
    }

    fn accept(&mut self, offer_id: &OfferId) {
        let mut offers = self.offers.iter_mut();
        if let Some(offer) = offers.find(|offer| offer.offer_id == *offer_id) {
            offer.accepting = true;
        }
    }

    fn refuse(&mut self, moved: OfferMoved) {
        let at = moved.at;
        self.refused
            .retain(|_, refused| after_s(*refused, REFUSED_MAX_S) > at);
        self.refused.insert(moved.agent_id, at);
        self.settle(&moved.offer_id);
    }

    /// Without any live offer it is back at its place.
    fn settle(&mut self, offer_id: &OfferId) {
        self.offers.retain(|offer| offer.offer_id != *offer_id);
        if self.stage == Stage::Offered && self.offers.is_empty() {
            self.stage = Stage::Queued;
        }
    }
}
