//! The floor as a query answers it. Holds and alarms are this process's own and stay out.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Tenant, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::agent::{Agent, Slot};
use super::desk::Desk;
use super::event::{Presence, Sticky};
use super::offer::LiveOffer;
use super::pool::Pool;
use super::queue::Queue;
use super::{Floor, count, served};
use crate::decision::Reason;
use crate::label::{AgentId, Channel, ConversationId, QueueId, Skill};
use crate::settings::{Order, Strategy};

/// Everything at one instant, as of the log positions.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FloorView {
    pub tenant: Tenant,
    pub at: Timestamp,
    pub agents: Vec<AgentShown>,
    pub queues: Vec<QueueShown>,
    pub offers: Vec<OfferShown>,
    /// Last event seen of each partition, from partition 0 on, by context.
    pub log_positions: BTreeMap<Box<str>, Vec<u64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct AgentShown {
    pub agent_id: AgentId,
    pub version: u64,
    pub presence: Presence,
    pub next_presence: Option<Presence>,
    pub is_connected: bool,
    /// What keeps every offer out.
    pub shut: Option<Reason>,
    pub idle_since: Option<Timestamp>,
    pub capacity: BTreeMap<Channel, u16>,
    pub used: BTreeMap<Channel, u32>,
    pub skills: BTreeMap<Skill, u8>,
    pub queues: BTreeSet<QueueId>,
    pub slots: BTreeMap<ConversationId, Slot>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct QueueShown {
    #[serde(flatten)]
    pub figures: QueueFigures,
    /// In the order in which they are served.
    pub conversations: Vec<WaitingShown>,
    /// Time and agent of the last match.
    pub last_match: Option<(Timestamp, AgentId)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct WaitingShown {
    pub conversation_id: ConversationId,
    pub version: u64,
    pub channel: Channel,
    pub requirements: BTreeSet<Skill>,
    pub ring: u32,
    pub priority: i64,
    pub enqueued_at: Timestamp,
    pub seq: u64,
    pub waited_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    /// When agents last refused it.
    pub refused: BTreeMap<AgentId, Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct OfferShown {
    pub conversation_id: ConversationId,
    pub queue_id: Option<QueueId>,
    #[serde(flatten)]
    pub offer: LiveOffer,
}

/// A queue in numbers.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct QueueFigures {
    pub queue_id: QueueId,
    pub strategy: Strategy,
    pub waiting: u32,
    /// Conversations of the queue that an agent is asked for.
    pub offered: u32,
    pub longest_wait_ms: u64,
    /// How long a conversation has waited though an agent could be asked; as this process sees it,
    /// which has no part in the view of the whole floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest_matchable_ms: Option<u64>,
    /// The last report on it was that no agent could be asked.
    pub is_starved: bool,
    /// Agents who serve it.
    pub agents: u32,
    pub channels: BTreeMap<Channel, Staff>,
}

/// The agents of a queue on one channel; together they are all.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Staff {
    /// Could be asked now.
    pub free: u32,
    /// Could be asked if a slot were free.
    pub busy: u32,
    /// Cannot be asked, by reason.
    pub unreachable: BTreeMap<Reason, u32>,
}

impl Floor {
    /// Everything of one tenant, in one order whatever the order of the events.
    #[must_use]
    pub fn show(&self, tenant: &Tenant, now: Timestamp) -> FloorView {
        let mut view = FloorView {
            tenant: tenant.clone(),
            at: now,
            agents: Vec::new(),
            queues: Vec::new(),
            offers: Vec::new(),
            log_positions: self.log_positions.all(),
        };
        if let Some(desk) = self.desk(tenant) {
            view.agents = desk.show_agents();
            view.offers = desk.show_offers();
            let queues = desk.queues.iter();
            view.queues = queues
                .map(|(id, queue)| QueueShown {
                    figures: queue.figures(id, now),
                    conversations: desk.show_waiting(queue, now),
                    last_match: queue.last_match.clone(),
                })
                .collect();
        }
        view
    }

    /// A queue without events has figures of zero.
    #[must_use]
    pub fn show_queue(&self, tenant: &Tenant, queue: &QueueId, now: Timestamp) -> QueueFigures {
        let nothing = Queue::default();
        let known = self.desk(tenant).and_then(|desk| desk.queues.get(queue));
        let known = known.unwrap_or(&nothing);
        QueueFigures {
            oldest_matchable_ms: self.oldest_matchable_ms(tenant, queue, now),
            ..known.figures(queue, now)
        }
    }
}

impl Queue {
    fn figures(&self, id: &QueueId, now: Timestamp) -> QueueFigures {
        let oldest = self.lines.oldest();
        let pools = self.pools.iter();
        QueueFigures {
            queue_id: id.clone(),
            strategy: self.settings.strategy,
            waiting: count(self.lines.len()),
            offered: self.offered,
            longest_wait_ms: oldest.map_or(0, |spot| now.millis_since(spot.enqueued_at)),
            oldest_matchable_ms: None,
            is_starved: self.is_starved,
            agents: count(self.members.len()),
            channels: pools
                .map(|(channel, pool)| (channel.clone(), Staff::of(pool)))
                .collect(),
        }
    }
}

impl Staff {
    fn of(pool: &Pool) -> Self {
        Self {
            free: count(pool.open.len() + pool.held.len()),
            busy: count(pool.full.len()),
            unreachable: pool.unreachable(),
        }
    }
}

impl Desk {
    fn show_agents(&self) -> Vec<AgentShown> {
        let agents: BTreeMap<_, _> = self.agents.iter().collect();
        let agents = agents.into_iter();
        agents
            .map(|(id, member)| AgentShown::of(id, &member.agent))
            .collect()
    }

    fn show_offers(&self) -> Vec<OfferShown> {
        let asked = self.conversations.iter();
        let asked = asked.filter(|(_, open)| !open.conversation.offers.is_empty());
        let asked: BTreeMap<_, _> = asked.collect();
        let offers = asked.into_iter().flat_map(|(id, open)| {
            let place = open.conversation.place.as_ref();
            let offers = open.conversation.offers.iter();
            offers.map(move |offer| OfferShown {
                conversation_id: id.clone(),
                queue_id: place.map(|place| place.queue.clone()),
                offer: offer.clone(),
            })
        });
        offers.collect()
    }

    fn show_waiting(&self, queue: &Queue, now: Timestamp) -> Vec<WaitingShown> {
        let order: Order = queue.settings.order;
        let lines: Vec<_> = queue.lines.all().map(|(_, _, line)| line).collect();
        let waiting = served(&lines, order, now).filter_map(|spot| {
            let conversation = &self.conversations.get(&spot.id)?.conversation;
            let place = conversation.waits()?;
            Some(WaitingShown {
                conversation_id: spot.id.clone(),
                version: conversation.version,
                channel: conversation.channel.clone(),
                requirements: place.requirements.clone(),
                ring: place.ring,
                priority: place.priority,
                enqueued_at: place.enqueued_at,
                seq: place.seq,
                waited_ms: now.millis_since(place.enqueued_at),
                sticky: place.sticky.clone(),
                refused: conversation.refused.clone(),
            })
        });
        waiting.collect()
    }
}

impl AgentShown {
    fn of(id: &AgentId, agent: &Agent) -> Self {
        let in_use = agent.slots.values().map(|slot| &slot.channel);
        let channels = agent.capacity.keys().chain(in_use);
        Self {
            agent_id: id.clone(),
            version: agent.version,
            presence: agent.presence.clone(),
            next_presence: agent.next_presence.clone(),
            is_connected: agent.is_connected(),
            shut: agent.shut(),
            idle_since: agent.idle_since,
            capacity: agent.capacity.clone(),
            used: channels
                .map(|channel| (channel.clone(), agent.used(channel)))
                .collect(),
            skills: agent.skills.clone(),
            queues: agent.queues.clone(),
            slots: agent.slots.clone(),
        }
    }
}
