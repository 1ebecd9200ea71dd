//! Reservations under way: both sides are out of the running until the floor has seen the outcome.

use std::collections::BTreeMap;

use super::agent::Agent;
use super::desk::Desk;
use super::event::ConversationEvent;
use crate::label::{AgentId, ConversationId, OfferId};

#[derive(Debug, Default)]
pub(crate) struct Holds {
    by_conversation: BTreeMap<ConversationId, Vec<Hold>>,
    /// Conversations for which an agent is held, or its slot awaited.
    by_agent: BTreeMap<AgentId, Vec<ConversationId>>,
}

#[derive(Debug)]
struct Hold {
    agent: AgentId,
    offer: OfferId,
    /// Version of the agent with the reservation, once there is one.
    reserved: Option<u64>,
    /// The floor knows the agent with the reservation.
    is_agent_seen: bool,
    /// The conversation has answered: it made the offer, or refused.
    is_answered: bool,
}

impl Hold {
    fn see(&mut self, conversation: &ConversationId, agent: Option<&Agent>) {
        let (Some(reserved), Some(agent)) = (self.reserved, agent) else {
            return;
        };
        if agent.version < reserved {
            return;
        }
        self.is_agent_seen = true;
        let slot = agent.slots.get(conversation);
        // A slot that is gone again gets no answer any more.
        self.is_answered |= slot.is_none_or(|slot| slot.offer_id != self.offer);
    }

    /// What was answered before the reservation is known still counts as under way.
    fn holds_conversation(&self) -> bool {
        self.reserved.is_none() || !self.is_answered
    }
}

impl Holds {
    pub(crate) fn has_agent(&self, agent: &AgentId) -> bool {
        let Some(conversations) = self.by_agent.get(agent) else {
            return false;
        };
        let holds = conversations
            .iter()
            .filter_map(|id| self.by_conversation.get(id));
        let mut holds = holds.flatten();
        holds.any(|hold| hold.agent == *agent && !hold.is_agent_seen)
    }

    pub(crate) fn has_conversation(&self, conversation: &ConversationId) -> bool {
        let holds = self.by_conversation.get(conversation);
        holds.is_some_and(|holds| holds.iter().any(Hold::holds_conversation))
    }

    fn add(&mut self, conversation: &ConversationId, hold: Hold) {
        let conversations = self.by_agent.entry(hold.agent.clone()).or_default();
        conversations.push(conversation.clone());
        let holds = self.by_conversation.entry(conversation.clone());
        holds.or_default().push(hold);
    }

    fn remove_if(
        &mut self,
        conversation: &ConversationId,
        is_over: impl Fn(&Hold) -> bool,
    ) -> bool {
        let Some(holds) = self.by_conversation.get_mut(conversation) else {
            return false;
        };
        let before = holds.len();
        let over = holds.extract_if(.., |hold| is_over(hold));
        for hold in over {
            let Some(conversations) = self.by_agent.get_mut(&hold.agent) else {
                continue;
            };
            if let Some(index) = conversations.iter().position(|id| id == conversation) {
                conversations.swap_remove(index);
            }
            if conversations.is_empty() {
                self.by_agent.remove(&hold.agent);
            }
        }
        let left = holds.len();
        if left == 0 {
            self.by_conversation.remove(conversation);
        }
        left < before
    }
}

impl Desk {
    pub(crate) fn hold(&mut self, conversation: &ConversationId, agent: &AgentId, offer: &OfferId) {
        let hold = Hold {
            agent: agent.clone(),
            offer: offer.clone(),
            reserved: None,
            is_agent_seen: false,
            is_answered: false,
        };
        self.holds.add(conversation, hold);
        self.reseat(agent);
    }

    pub(crate) fn reserved(
        &mut self,
        conversation: &ConversationId,
        agent: &AgentId,
        offer: &OfferId,
        version: u64,
    ) {
        let holds = self.holds.by_conversation.get_mut(conversation);
        for hold in holds.into_iter().flatten() {
            if hold.offer == *offer {
                hold.reserved = Some(version);
            }
        }
        self.agent_seen(agent);
        self.reseat(agent);
        // It may have been answered long ago.
        if !self.holds.has_conversation(conversation) {
            self.wake_conversation(conversation);
        }
    }

    pub(crate) fn release(
        &mut self,
        conversation: &ConversationId,
        agent: &AgentId,
        offer: &OfferId,
    ) {
        self.holds
            .remove_if(conversation, |hold| hold.offer == *offer);
        self.reseat(agent);
        self.wake_conversation(conversation);
    }

    /// The floor has a newer version of the agent.
    pub(crate) fn agent_seen(&mut self, id: &AgentId) {
        let Some(conversations) = self.holds.by_agent.get(id).cloned() else {
            return;
        };
        let agent = self.agents.get(id).map(|member| &*member.agent);
        for conversation in &conversations {
            let holds = self.holds.by_conversation.get_mut(conversation);
            for hold in holds.into_iter().flatten() {
                if hold.agent == *id {
                    hold.see(conversation, agent);
                }
            }
        }
        for conversation in conversations {
            self.end_holds(&conversation);
        }
    }

    /// The conversation's answer to a reservation.
    pub(crate) fn offer_seen(&mut self, id: &ConversationId, event: &ConversationEvent) {
        let offer_id = match event {
            ConversationEvent::Offered(offered) => &offered.offer_id,
            ConversationEvent::MatchRefused(refused) => &refused.offer_id,
            _ => return,
        };
        let holds = self.holds.by_conversation.get_mut(id);
        for hold in holds.into_iter().flatten() {
            hold.is_answered |= hold.offer == *offer_id;
        }
        self.end_holds(id);
    }

    fn end_holds(&mut self, conversation: &ConversationId) {
        let is_over = |hold: &Hold| hold.is_agent_seen && hold.is_answered;
        if self.holds.remove_if(conversation, is_over) {
            self.wake_conversation(conversation);
        }
    }
}
