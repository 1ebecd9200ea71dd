//! I9 on the floor: slots in use fit the capacity, and a conversation's owner is the agent whose slot
//! it takes. Matches are made for conversations, and reach them by way of the agents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use agents::{Agent, AgentEvent, AgentView, Phase};
use async_trait::async_trait;
use conversations::{Conversation, ConversationState, ConversationView};
use kernel::port::LoadedStream;
use kernel::topic::PartitionId;
use kernel::{Context as _, Timestamp, View as _};
use pipeline::{Coverage, Findings, Invariant, Rule, RuleWorld};

/// Who works on what, as both sides record it: by tenant, conversation and agent.
#[derive(Default)]
pub struct Slots {
    /// Slots with work in them, wrap-up left aside: that is the agent's own affair.
    working: BTreeSet<Pair>,
    /// Slots that are kept for an offer, and until when.
    reserved: BTreeMap<Pair, Timestamp>,
    owned: BTreeSet<Pair>,
    /// Others who take part in a conversation.
    joined: BTreeSet<Pair>,
    offered: BTreeSet<Pair>,
    coverage: Coverage,
}

/// A conversation with its tenant, and an agent.
type Pair = (Arc<str>, Box<str>);

#[async_trait]
impl Rule for Slots {
    fn contexts(&self) -> &'static [&'static str] {
        &[Agent::NAME, Conversation::NAME]
    }

    fn stream(&mut self, partition_id: PartitionId, stream: &LoadedStream, until: u64) {
        let read = match partition_id.context {
            Agent::NAME => self.agent(stream, until),
            Conversation::NAME => self.conversation(stream, until),
            _ => Ok(()),
        };
        if let Err(error) = read {
            self.coverage
                .broken(format!("{partition_id} {}: {error}", stream.key));
        }
    }

    fn unseen(&mut self, partition_id: PartitionId) {
        self.coverage.unseen(partition_id);
    }

    async fn finish(
        self: Box<Self>,
        world: &RuleWorld<'_>,
        moving: Option<String>,
        findings: &mut Findings,
    ) {
        if !self.coverage.report(Agent::NAME, findings) {
            return;
        }
        let contradictions = self.contradictions(world.now);
        match moving {
            Some(moving) if !contradictions.is_empty() => {
                let why = format!(
                    "{} slots or owners contradict while {moving}",
                    contradictions.len()
                );
                findings.uncompared(&[Invariant::I9], Agent::NAME, why);
            }
            _ => {
                for contradiction in contradictions {
                    findings.violation(Invariant::I9, Agent::NAME, contradiction);
                }
            }
        }
    }
}

impl Slots {
    fn agent(&mut self, stream: &LoadedStream, until: u64) -> Result<(), serde_json::Error> {
        let (tenant, agent) = halves(&stream.key);
        let mut view = AgentView::default();
        for row in stream.until(until) {
            let (meta, event) = row.record.decode::<AgentEvent>()?;
            view.update(&meta, &event);
            if let (AgentEvent::SlotReserved(slot), Some(summary)) = (&event, &view.0) {
                let used = summary.standing.used(&slot.channel);
                let capacity = summary.standing.capacity.get(&slot.channel);
                let capacity = u32::from(capacity.copied().unwrap_or_default());
                if used > capacity && slot.override_by.is_none() {
                    self.coverage.broken(format!(
                        "agents {}: event {} ({}) takes {used} of {capacity} on {}",
                        stream.key, meta.sequence, meta.id.0, slot.channel
                    ));
                }
            }
        }
        let slots = view.0.map(|summary| summary.standing.slots);
        for (conversation, slot) in slots.unwrap_or_default() {
            let pair = (format!("{tenant}/{conversation}").into(), agent.into());
            match slot.phase {
                Phase::Active | Phase::Held => drop(self.working.insert(pair)),
                Phase::Reserved { expires_at } => drop(self.reserved.insert(pair, expires_at)),
                Phase::WrapUp { .. } => {}
            }
        }
        Ok(())
    }

    fn conversation(&mut self, stream: &LoadedStream, until: u64) -> Result<(), serde_json::Error> {
        let mut view = ConversationView::default();
        for row in stream.until(until) {
            let (meta, event) = row.record.decode()?;
            view.update(&meta, &event);
        }
        let Some(conversation) = view.0 else {
            return Ok(());
        };
        let pair = |agent: &str| (Arc::clone(&stream.key), agent.into());
        if conversation.state == ConversationState::Active {
            let owner = conversation.owner.iter();
            self.owned.extend(owner.map(|agent| pair(agent.as_str())));
            let others = conversation.participants.iter();
            self.joined.extend(others.map(|agent| pair(agent.as_str())));
        }
        let offers = conversation.offers.iter();
        self.offered
            .extend(offers.map(|offer| pair(offer.agent_id.as_str())));
        Ok(())
    }

    fn contradictions(&self, now: Timestamp) -> Vec<String> {
        let mut found = Vec::new();
        let mut violated = |(conversation, agent): &Pair, what: &str| {
            found.push(format!("{conversation}, agent {agent}: {what}"));
        };
        for pair in self.owned.difference(&self.working) {
            violated(pair, "owns the conversation without a slot");
        }
        for pair in &self.working {
            if !self.owned.contains(pair) && !self.joined.contains(pair) {
                violated(pair, "has a slot for a conversation that is not theirs");
            }
        }
        for (pair, expires_at) in &self.reserved {
            if *expires_at < now && !self.offered.contains(pair) {
                violated(pair, "is reserved beyond its time, and not offered");
            }
        }
        found
    }
}

fn halves(key: &str) -> (&str, &str) {
    key.split_once('/').unwrap_or(("", key))
}
