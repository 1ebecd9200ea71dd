//! The fold of all events, and what it can be asked.

use std::collections::HashMap;

use kernel::{AggregateId, EventMeta, Tenant, Timestamp};

use crate::agent::{AgentEvent, AgentHours};
use crate::ask::Ask;
use crate::conversation::ConversationEvent;
use crate::desk::Desk;
use crate::label::{AgentId, QueueId};
use crate::live::{Live, LiveSettings};
use crate::presence::PresenceReport;
use crate::report::{AgentFigures, Report};

/// The figures of every tenant.
///
/// Events of one stream come in order; streams may be interleaved in any way, and the figures are
/// the same. An event that comes again is not counted again.
#[derive(Debug, Default)]
pub struct Metrics {
    desks: HashMap<Tenant, Desk>,
}

impl Metrics {
    /// The contexts whose events are folded.
    pub const CONTEXTS: [&'static str; 2] = ["agents", "conversations"];

    /// Whether an event of this name is counted; others need not be decoded.
    #[must_use]
    pub fn wants(context: &str, kind: &str) -> bool {
        match context {
            "agents" => AgentEvent::wants(kind),
            "conversations" => ConversationEvent::wants(kind),
            _ => false,
        }
    }

    /// `event` was read from a record of `conversations`.
    pub fn conversation(&mut self, meta: &EventMeta, event: ConversationEvent) {
        self.desk(&meta.tenant).conversation(meta, event);
    }

    /// `event` was read from a record of `agents`.
    pub fn agent(&mut self, meta: &EventMeta, event: AgentEvent) {
        self.desk(&meta.tenant).agent(meta, event);
    }

    /// The figures asked for; what goes on is counted until `now`.
    #[must_use]
    pub fn report(&self, tenant: &Tenant, ask: &Ask, now: Timestamp) -> Report {
        match self.desks.get(tenant) {
            Some(desk) => Report::of(desk, ask, now),
            None => Report::of(&Desk::default(), ask, now),
        }
    }

    /// Whether anybody has ever waited in the queue.
    #[must_use]
    pub fn knows(&self, tenant: &Tenant, queue: &QueueId) -> bool {
        let desk = self.desks.get(tenant);
        desk.is_some_and(|desk| desk.ledger.queues.find(queue).is_some())
    }

    /// How a queue stands at `now`.
    #[must_use]
    pub fn live(
        &self,
        tenant: &Tenant,
        queue: &QueueId,
        now: Timestamp,
        settings: &LiveSettings,
    ) -> Live {
        match self.desks.get(tenant) {
            Some(desk) => Live::of(desk, queue, now, settings),
            None => Live::of(&Desk::default(), queue, now, settings),
        }
    }

    /// One agent's time in the window asked for; of the question, only that counts. `None`: nobody
    /// has heard of the agent.
    #[must_use]
    pub fn agent_figures(
        &self,
        tenant: &Tenant,
        agent: &AgentId,
        ask: &Ask,
        now: Timestamp,
    ) -> Option<AgentFigures> {
        let hours = self.hours(tenant, agent)?;
        Some(AgentFigures::of_one(hours, ask, now))
    }

    /// What an agent was from `from` to `to`, as far as `now`. `None`: nobody has heard of the
    /// agent.
    #[must_use]
    pub fn presence(
        &self,
        tenant: &Tenant,
        agent: &AgentId,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> Option<PresenceReport> {
        let hours = self.hours(tenant, agent)?;
        Some(PresenceReport::new(agent.clone(), hours, from, to, now))
    }

    fn hours(&self, tenant: &Tenant, agent: &AgentId) -> Option<&AgentHours> {
        let id = AggregateId::new(agent.as_str()).ok()?;
        self.desks.get(tenant)?.agents.get(&id)
    }

    /// How many conversations are kept open, and how many closed.
    #[cfg(test)]
    pub(crate) fn conversations_kept(&self, tenant: &Tenant) -> (usize, usize) {
        self.desks
            .get(tenant)
            .map_or((0, 0), |desk| (desk.open.len(), desk.closed.len()))
    }

    fn desk(&mut self, tenant: &Tenant) -> &mut Desk {
        if !self.desks.contains_key(tenant) {
            self.desks.insert(tenant.clone(), Desk::default());
        }
        self.desks
            .get_mut(tenant)
            .expect("a desk that was missing has just been inserted")
    }
}
