//! A conversation as a query answers it: a fold of its events.

use kernel::context::{Filter, View};
use kernel::route::{Parameter, ViewRoute};
use kernel::{BadParameter, EventMeta, Facts, Parameters, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aggregate::Conversation;
use super::clock::Clocks;
use super::command::ConversationCommand;
use super::event::{ConversationCreated, ConversationEvent as E, Queued};
use super::facts;
use super::follow_up::FollowUp;
use super::offer_event::Offered;
use super::route;
use super::stage::{CloseReason, ConversationState as State};
use super::summary::{
    ConversationSummary, MESSAGES_MAX, OfferState, OfferView, SubState, TIMELINE_MAX, TimelineEntry,
};
use crate::bounds::{Requirements, Ring};
use crate::label::{AgentId, OfferId, Queue};
use crate::message;

/// The body of a query's answer; `null` before the conversation is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ConversationView(pub Option<Box<ConversationSummary>>);

impl View for ConversationView {
    type Of = Conversation;
    const NAME: &'static str = "conversation";
    const VERSION: u16 = 2;
    const ROUTE: ViewRoute = route::VIEW;
    const FILTERS: &'static [Parameter] = &[
        Parameter::of::<Queue>("queue", "those of the queue"),
        Parameter::of::<State>("state", "those in the state"),
        Parameter::of::<AgentId>("agent", "those that the agent owns"),
    ];

    const INDEXED: &'static [&'static str] = &["agent", "queue"];

    const HAS_FACTS: bool = true;

    fn facts(&self, command: Option<&ConversationCommand>) -> Facts {
        let conversation = self.0.as_ref();
        conversation.map_or_else(Facts::default, |found| facts::stored(found, command))
    }

    /// `?queue=FX-VIP`, `?state=QUEUED`, `?agent=ann` (the owner).
    fn filter(parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        let queue = parameters.read::<Queue>("queue")?;
        let state = parameters.read::<State>("state")?;
        let agent = parameters.read::<AgentId>("agent")?;
        if queue.is_none() && state.is_none() && agent.is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(move |Self(conversation)| {
            conversation.as_ref().is_some_and(|conversation| {
                (queue.is_none() || conversation.queue == queue)
                    && (agent.is_none() || conversation.owner == agent)
                    && state.is_none_or(|state| conversation.state == state)
            })
        })))
    }

    fn indexed(&self, note: &mut dyn FnMut(&'static str, &str)) {
        let Self(Some(conversation)) = self else {
            return;
        };
        if let Some(owner) = &conversation.owner {
            note("agent", owner.as_str());
        }
        if let Some(queue) = &conversation.queue {
            note("queue", queue.as_str());
        }
    }

    fn update(&mut self, meta: &EventMeta, event: &E) {
        if let E::ConversationCreated(created) = event {
            self.0 = Some(Box::new(ConversationSummary::new(meta, created)));
        }
        // The first event of a conversation is its opening.
        if let Some(conversation) = &mut self.0 {
            conversation.version = meta.sequence;
            conversation.updated_at = event.at();
            conversation.note(meta, event);
            conversation.update(event);
        }
    }
}

impl ConversationSummary {
    fn new(meta: &EventMeta, created: &ConversationCreated) -> Self {
        Self {
            conversation_id: created.conversation_id.clone(),
            state: State::Created,
            sub_state: None,
            close_reason: None,
            version: meta.sequence,
            updated_at: created.at,
            episode: 0,
            customer_id: created.customer_id.clone(),
            channel: created.channel.clone(),
            intent: created.intent.clone(),
            queue: None,
            requirements: Requirements::default(),
            ring: Ring::default(),
            priority: created.priority,
            hops: 0,
            owner: None,
            customer_on_hold: false,
            follow_up: None,
            continues: None,
            goes_on_in: None,
            participants: Vec::new(),
            offers: Vec::new(),
            clocks: Clocks::new(created.at),
            dispositions: Vec::new(),
            messages: Vec::new(),
            timeline: Vec::new(),
            correlation: meta.correlation.clone(),
        }
    }

    fn note(&mut self, meta: &EventMeta, event: &E) {
        if self.timeline.len() == TIMELINE_MAX {
            self.timeline.remove(0);
        }
        self.timeline.push(TimelineEntry {
            version: meta.sequence,
            event: event.name().into(),
            at: event.at(),
            actor: meta.actor.clone(),
        });
    }

    fn update(&mut self, event: &E) {
        let at = event.at();
        match event {
            E::BotEngaged(_) => self.enter(State::Bot, None, at),
            E::Queued(queued) => self.queue(queued),
            E::Offered(offered) => self.offer(offered),
            E::OfferAccepting(moved) => self.accepting(&moved.offer_id),
            E::OfferAccepted(moved) => self.settle(&moved.offer_id, at),
            E::OfferRejected(moved) => self.settle(&moved.offer_id, at),
            E::OfferExpired(moved) => self.settle(&moved.offer_id, at),
            E::OfferRescinded(moved) => self.settle(&moved.offer_id, at),
            E::OfferCanceled(moved) => self.settle(&moved.offer_id, at),
            E::OfferFailed(moved) => self.settle(&moved.offer_id, at),
            E::Connected(connected) => {
                self.own(&connected.agent_id, at);
                let (wait_ms, anomaly) = (connected.wait_ms, connected.clock_anomaly);
                self.clocks.connect(at, wait_ms, anomaly);
            }
            E::PriorityChanged(changed) => self.priority = changed.priority,
            E::RequirementsRelaxed(relaxed) => {
                self.ring = relaxed.ring;
                self.requirements = relaxed.requirements.clone();
            }
            E::AnswerOverdue(_) => self.clocks.overdue_at = Some(at),
            E::Overflowed(overflowed) => self.queue = Some(overflowed.queue.clone()),
            E::CallbackRequested(_) => {
                self.enter(State::Parked, None, at);
                self.follow_up = None;
            }
            E::Parked(_) => self.enter(State::Parked, None, at),
            E::Unparked(_) | E::AgentLeft(_) => self.enter(State::Queued, None, at),
            E::Requeued(requeued) if requeued.new_wait_clock => self.enter(State::Queued, None, at),
            // What never waited has no place to go back to.
            E::ForceRequeued(_) if self.episode > 0 => self.enter(State::Queued, None, at),
            E::Held(_) => {
                self.enter(State::Active, Some(SubState::Held), at);
                self.customer_on_hold = true;
            }
            E::Resumed(_) => {
                let consulting = self.sub_state.filter(|now| *now == SubState::Consulting);
                let sub_state = consulting.unwrap_or(SubState::Talking);
                self.enter(State::Active, Some(sub_state), at);
                self.customer_on_hold = false;
            }
            E::ConsultStarted(started) => {
                self.enter(State::Active, Some(SubState::Consulting), at);
                self.participants = vec![started.target.clone()];
            }
            // Whom it is about has been shown since they were asked.
            E::ConsultConnected(_) => {}
            E::ParticipantJoined(_) => self.enter(State::Active, Some(SubState::Conferenced), at),
            E::ParticipantLeft(_) | E::TransferFailed(_) => {
                let alone = if self.customer_on_hold {
                    SubState::Held
                } else {
                    SubState::Talking
                };
                self.enter(State::Active, Some(alone), at);
                self.participants.clear();
            }
            E::OwnerChanged(changed) => self.own(&changed.to, at),
            E::Ended(ended) if ended.wrap_up_s.get() > 0 => {
                self.enter(State::WrapUp, None, at);
                self.owner = Some(ended.agent_id.clone());
            }
            E::Ended(_) => self.close(CloseReason::Resolved, at),
            E::Disposed(disposed) => {
                self.close(CloseReason::Resolved, at);
                self.dispositions = disposed.codes.as_slice().to_vec();
            }
            E::WrapUpTimedOut(timed_out) => {
                self.close(CloseReason::Resolved, at);
                self.dispositions = vec![timed_out.code.clone()];
            }
            E::Abandoned(abandoned) => {
                self.close(CloseReason::Abandoned, at);
                let (wait_ms, anomaly) = (abandoned.wait_ms, abandoned.clock_anomaly);
                self.clocks.wait(wait_ms, anomaly);
            }
            E::LeftBeforeQueue(_) => self.close(CloseReason::Abandoned, at),
            E::ResolvedByBot(_) => self.close(CloseReason::Resolved, at),
            E::Expired(_) => self.close(CloseReason::Expired, at),
            E::Cancelled(_) | E::ForceClosed(_) => self.close(CloseReason::Cancelled, at),
            E::Merged(merged) => {
                self.close(CloseReason::Merged, at);
                self.goes_on_in = Some(merged.into.clone());
            }
            E::CarriedOver(carried) => self.goes_on_in = Some(carried.into.clone()),
            E::Continued(continued) => self.continues = Some(continued.from.clone()),
            E::FollowUpDeferred(deferred) => self.follow_up = Some(deferred.follow_up.clone()),
            E::FollowUpWithdrawn(_) => self.follow_up = None,
            E::Reopened(reopened) => {
                self.episode = reopened.episode;
                self.clocks = Clocks::new(self.clocks.created_at);
                self.close_reason = None;
                self.goes_on_in = None;
                self.enter(State::Queued, None, at);
                self.dispositions.clear();
            }
            // They tell others what the events around them did.
            E::ConversationCreated(_)
            | E::HandedOff(_)
            | E::ManuallyTaken(_)
            | E::MatchRefused(_)
            | E::Requeued(_)
            | E::TransferRequested(_)
            | E::ForceRequeued(_) => {}
            E::MessageReceived(_)
            | E::MessageSeen(_)
            | E::MessageQueued(_)
            | E::MessageSent(_)
            | E::ReceiptRecorded(_)
            | E::ReceiptBuffered(_)
            | E::ReceiptAnomaly(_)
            | E::MessageStatusChanged(_)
            | E::MessageRetried(_)
            | E::MessageCancelled(_) => message::show(&mut self.messages, event, MESSAGES_MAX),
        }
    }

    /// Outside of `ACTIVE` and `WRAP_UP` it has no owner.
    fn enter(&mut self, state: State, sub_state: Option<SubState>, at: Timestamp) {
        let on_hold = self.customer_on_hold.then_some(SubState::Held);
        self.clocks.pass(self.state, on_hold.or(self.sub_state), at);
        self.state = state;
        self.sub_state = sub_state;
        if state != State::Active {
            self.owner = None;
            self.customer_on_hold = false;
            self.participants.clear();
        }
    }

    fn queue(&mut self, queued: &Queued) {
        self.enter(State::Queued, None, queued.at);
        self.follow_up.take_if(|kept| *kept == FollowUp::Reopening);
        self.episode = self.episode.max(1);
        self.queue = Some(queued.queue.clone());
        self.requirements = queued.requirements.clone();
        self.ring = Ring::default();
        self.priority = queued.priority;
        self.hops = queued.hops;
        self.clocks.queue(queued.enqueued_at);
    }

    fn offer(&mut self, offered: &Offered) {
        self.enter(State::Offered, None, offered.at);
        self.offers.push(OfferView {
            offer_id: offered.offer_id.clone(),
            agent_id: offered.agent_id.clone(),
            decision_id: offered.decision_id.clone(),
            state: OfferState::Pending,
            expires_at: offered.expires_at,
        });
    }

    fn accepting(&mut self, offer_id: &OfferId) {
        let mut offers = self.offers.iter_mut();
        if let Some(offer) = offers.find(|offer| offer.offer_id == *offer_id) {
            offer.state = OfferState::Accepting;
        }
    }

    fn settle(&mut self, offer_id: &OfferId, at: Timestamp) {
        self.offers.retain(|offer| offer.offer_id != *offer_id);
        if self.offers.is_empty() {
            self.enter(State::Queued, None, at);
        }
    }

    fn own(&mut self, agent_id: &AgentId, at: Timestamp) {
        self.enter(State::Active, Some(SubState::Talking), at);
        self.owner = Some(agent_id.clone());
        self.customer_on_hold = false;
        self.participants.clear();
    }

    fn close(&mut self, reason: CloseReason, at: Timestamp) {
        self.enter(State::Closed, None, at);
        self.close_reason = Some(reason);
        self.follow_up = None;
        self.clocks.closed_at = Some(at);
    }
}
