//! The floor: who is there, what they work on and who waits.
//!
//! In: the events of agents, conversations and queues, each stream in order, the streams in any. Out:
//! what a match needs to know, without a query. The result does not depend on how the streams were
//! interleaved, and may be stale: an agent is asked at the version seen here.
//!
//! ```text
//! events ─► Agent, Conversation (one stream each) ─► Desk (one tenant: indices, lines, holds, alarms)
//!                                                      └─► plan, next, due, starvation, show
//! ```

mod event;

mod agent;
mod conversation;
mod interruption;
mod offer;
mod queue;

mod desk;
mod hold;
mod kept;
mod line;
mod log_position;
mod memory;
mod moment;
mod pool;
mod show;
mod silence;
mod starvation;
mod timer;
mod waiting;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;

use kernel::{EventMeta, Tenant, Timestamp};

pub use agent::{Phase, Slot};
pub use event::{AgentEvent, ConversationEvent, FloorEvent, Presence, QueueEvent, Sticky};
pub use interruption::Interruptions;
pub use kept::KeptFloor;
pub use offer::LiveOffer;
pub use show::{AgentShown, FloorView, OfferShown, QueueFigures, QueueShown, Staff, WaitingShown};
pub use silence::Silent;
pub use starvation::Starvation;
pub use timer::Due;

pub(crate) use conversation::{Conversation, Place, Stage};
pub(crate) use desk::{Desk, Member};
pub(crate) use line::{Line, boost_s, served};
pub(crate) use moment::after_s;
pub(crate) use pool::{Pool, Rank, Ranked, Seat, count};
pub(crate) use queue::Queue;

use crate::label::{AgentId, ConversationId, OfferId, QueueId};
use crate::settings::QueueSettings;
use log_position::LogPositions;

/// All tenants' floors.
#[derive(Debug, Default)]
pub struct Floor {
    desks: BTreeMap<Tenant, Desk>,
    pub(crate) log_positions: LogPositions,
}

impl Floor {
    /// Whose events it reads.
    pub const CONTEXTS: [&'static str; 3] = ["agents", "conversations", "queues"];

    /// Whether the event counts here; the others are to be [passed](Self::pass).
    #[must_use]
    pub fn wants(context: &str, kind: &str) -> bool {
        let names = match context {
            "agents" => AgentEvent::NAMES,
            "conversations" => ConversationEvent::NAMES,
            "queues" => QueueEvent::NAMES,
            _ => &[],
        };
        names.contains(&kind)
    }

    pub fn apply(&mut self, partition: u16, meta: &EventMeta, event: FloorEvent) {
        match event {
            FloorEvent::Agent(event) => self.agent(partition, meta, event),
            FloorEvent::Conversation(event) => self.conversation(partition, meta, event),
            FloorEvent::Queue(event) => self.queue(partition, meta, event),
        }
    }

    pub fn agent(&mut self, partition: u16, meta: &EventMeta, event: AgentEvent) {
        self.log_positions.see("agents", partition, meta);
        if let Ok(id) = AgentId::new(meta.aggregate.as_str()) {
            self.desk_mut(&meta.tenant).agent(&id, meta, event);
        }
    }

    pub fn conversation(&mut self, partition: u16, meta: &EventMeta, event: ConversationEvent) {
        self.log_positions.see("conversations", partition, meta);
        if let Ok(id) = ConversationId::new(meta.aggregate.as_str()) {
            let desk = self.desk_mut(&meta.tenant);
            desk.conversation(partition, &id, meta, event);
        }
    }

    pub fn queue(&mut self, partition: u16, meta: &EventMeta, event: QueueEvent) {
        self.log_positions.see("queues", partition, meta);
        if let Ok(id) = QueueId::new(meta.aggregate.as_str()) {
            self.desk_mut(&meta.tenant).queue(&id, meta, event);
        }
    }

    /// An event that is not wanted: it moves nothing but the version and the position.
    pub fn pass(&mut self, context: &str, partition: u16, meta: &EventMeta) {
        self.log_positions.see(context, partition, meta);
        let id = meta.aggregate.as_str();
        let desk = self.desk_mut(&meta.tenant);
        match context {
            "agents" => {
                if let Ok(id) = AgentId::new(id) {
                    desk.pass_agent(&id, meta);
                }
            }
            "conversations" => {
                if let Ok(id) = ConversationId::new(id) {
                    desk.pass_conversation(partition, &id, meta);
                }
            }
            "queues" => {
                if let Ok(id) = QueueId::new(id) {
                    desk.pass_queue(&id, meta);
                }
            }
            _ => {}
        }
    }

    /// Takes both out of the running while a reservation is under way.
    pub fn hold(
        &mut self,
        tenant: &Tenant,
        conversation: &ConversationId,
        agent: &AgentId,
        offer: &OfferId,
    ) {
        self.desk_mut(tenant).hold(conversation, agent, offer);
    }

    /// There is a reservation, made by the event of that version. The agent is free for others once
    /// the floor has seen it; the conversation once it was offered or refused to be, or the slot is
    /// gone again.
    pub fn reserved(
        &mut self,
        tenant: &Tenant,
        conversation: &ConversationId,
        agent: &AgentId,
        offer: &OfferId,
        agent_version: u64,
    ) {
        self.desk_mut(tenant)
            .reserved(conversation, agent, offer, agent_version);
    }

    /// There is no reservation.
    pub fn release(
        &mut self,
        tenant: &Tenant,
        conversation: &ConversationId,
        agent: &AgentId,
        offer: &OfferId,
    ) {
        self.desk_mut(tenant).release(conversation, agent, offer);
    }

    /// Queues where a match may have become possible since the last time.
    #[must_use]
    pub fn take_woken(&mut self) -> Vec<(Tenant, QueueId)> {
        let desks = self.desks.iter_mut();
        let woken = desks.flat_map(|(tenant, desk)| {
            let queues = std::mem::take(&mut desk.woken).into_iter();
            queues.map(|queue| (tenant.clone(), queue))
        });
        woken.collect()
    }

    /// Looks at every queue again: conversations came into this router's care.
    pub fn wake_all(&mut self) {
        for desk in self.desks.values_mut() {
            desk.woken.extend(desk.queues.keys().cloned());
        }
    }

    /// Conversations that wait in the queue without an open offer.
    #[must_use]
    pub fn waiting(&self, tenant: &Tenant, queue: &QueueId) -> u32 {
        let queue = self.desk(tenant).and_then(|desk| desk.queues.get(queue));
        queue.map_or(0, |queue| count(queue.lines.len()))
    }

    /// Whether the queue has settings, agents, or conversations.
    #[must_use]
    pub fn knows(&self, tenant: &Tenant, queue: &QueueId) -> bool {
        let desk = self.desk(tenant);
        desk.is_some_and(|desk| desk.queues.contains_key(queue))
    }

    /// Whether the queue is configured: it is in the catalogue of the tenant's queues.
    #[must_use]
    pub fn is_configured(&self, tenant: &Tenant, queue: &QueueId) -> bool {
        let queue = self.desk(tenant).and_then(|desk| desk.queues.get(queue));
        queue.is_some_and(|queue| queue.is_configured)
    }

    /// How a queue is served.
    #[must_use]
    pub fn settings(&self, tenant: &Tenant, queue: &QueueId) -> QueueSettings {
        let queue = self.desk(tenant).and_then(|desk| desk.queues.get(queue));
        queue.map_or_else(QueueSettings::default, |queue| queue.settings.clone())
    }

    /// What is due by the clock, each once: what could not be sent is to be asked for
    /// [again](Self::again). Ended cool-downs and preferences only wake their queue.
    #[must_use]
    pub fn due(&mut self, now: Timestamp) -> Vec<Due> {
        let mut due = Vec::new();
        for (tenant, desk) in &mut self.desks {
            desk.due(tenant, now, &mut due);
        }
        due
    }

    /// Makes it due again, unless it has lost its sense.
    pub fn again(&mut self, due: &Due) {
        let (Due::Relax { tenant, .. } | Due::Overflow { tenant, .. }) = due;
        if let Some(desk) = self.desks.get_mut(tenant) {
            desk.again(due);
        }
    }

    /// When [`due`](Self::due) has something next.
    #[cfg(test)]
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        let alarms = self.desks.values().filter_map(|desk| desk.alarms.next());
        alarms.min()
    }

    /// The first offer of the conversation that is not answered yet.
    #[must_use]
    pub fn live_offer(&self, tenant: &Tenant, conversation: &ConversationId) -> Option<LiveOffer> {
        let open = self.desk(tenant)?.conversations.get(conversation)?;
        open.conversation.offers.first().cloned()
    }

    pub(crate) fn desk(&self, tenant: &Tenant) -> Option<&Desk> {
        self.desks.get(tenant)
    }

    pub(crate) fn desks(&self) -> impl Iterator<Item = (&Tenant, &Desk)> {
        self.desks.iter()
    }

    fn desk_mut(&mut self, tenant: &Tenant) -> &mut Desk {
        if !self.desks.contains_key(tenant) {
            self.desks.insert(tenant.clone(), Desk::default());
        }
        self.desks.get_mut(tenant).expect("is there now")
    }
}
