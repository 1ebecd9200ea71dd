//! The floor as a snapshot keeps it: what each stream has said. Seats, lines and alarms follow from that;
//! holds, heartbeats and what was done about an alarm are this process's own.

use std::sync::Arc;

use kernel::Tenant;
use serde::{Deserialize, Serialize, Serializer};

use super::Floor;
use super::agent::Agent;
use super::conversation::Conversation;
use super::desk::{Desk, Open};
use super::log_position::LogPositions;
use super::memory::{Closed, Remembered};
use super::queue::Queue;
use super::timer::Alarm;
use crate::label::{AgentId, Channel, ConversationId, QueueId};
use crate::settings::QueueSettings;

/// What a snapshot of the floor says; its parts are shared with the floor that it was taken of.
#[derive(Serialize, Deserialize)]
pub struct KeptFloor {
    log_positions: LogPositions,
    desks: Vec<(Tenant, KeptDesk)>,
}

#[derive(Serialize, Deserialize)]
struct KeptDesk {
    #[serde(serialize_with = "in_order")]
    agents: Vec<(AgentId, Arc<Agent>)>,
    queues: Vec<(QueueId, KeptQueue)>,
    #[serde(serialize_with = "in_order")]
    conversations: Vec<(ConversationId, Arc<Conversation>)>,
    /// By partition.
    closed: Vec<(u16, KeptClosed)>,
}

#[derive(Serialize, Deserialize)]
struct KeptQueue {
    version: u64,
    settings: QueueSettings,
    is_configured: bool,
    is_starved: bool,
    /// Those that the queue has a pool for.
    channels: Vec<Channel>,
    last_match: Option<(kernel::Timestamp, AgentId)>,
}

#[derive(Deserialize)]
#[serde(from = "Vec<(ConversationId, Remembered)>")]
struct KeptClosed(Arc<Closed>);

/// Maps that are hashed have no order of their own.
fn in_order<I: Ord + Serialize, T: Serialize, S: Serializer>(
    all: &[(I, T)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut all: Vec<_> = all.iter().map(|(id, of)| (id, of)).collect();
    all.sort_unstable_by_key(|(id, _)| *id);
    serializer.collect_seq(all)
}

impl Serialize for KeptClosed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: Vec<_> = self.0.all().collect();
        all.sort_unstable_by_key(|(id, _)| *id);
        serializer.collect_seq(all)
    }
}

impl From<Vec<(ConversationId, Remembered)>> for KeptClosed {
    fn from(all: Vec<(ConversationId, Remembered)>) -> Self {
        let mut closed = Closed::default();
        for (id, remembered) in all {
            closed.remember(id, remembered);
        }
        Self(Arc::new(closed))
    }
}

impl KeptFloor {
    pub(crate) fn of(floor: &Floor) -> Self {
        let desks = floor.desks.iter();
        Self {
            log_positions: floor.log_positions.clone(),
            desks: desks
                .map(|(tenant, desk)| (tenant.clone(), KeptDesk::of(desk)))
                .collect(),
        }
    }

    pub(crate) fn restore(self) -> Floor {
        let desks = self.desks.into_iter();
        Floor {
            desks: desks
                .map(|(tenant, desk)| (tenant, desk.restore()))
                .collect(),
            log_positions: self.log_positions,
        }
    }
}

impl KeptDesk {
    fn of(desk: &Desk) -> Self {
        let (agents, queues) = (desk.agents.iter(), desk.queues.iter());
        let (conversations, closed) = (desk.conversations.iter(), desk.closed.iter());
        Self {
            agents: agents
                .map(|(id, member)| (id.clone(), Arc::clone(&member.agent)))
                .collect(),
            queues: queues
                .map(|(id, queue)| (id.clone(), KeptQueue::of(queue)))
                .collect(),
            conversations: conversations
                .map(|(id, open)| (id.clone(), Arc::clone(&open.conversation)))
                .collect(),
            closed: closed
                .map(|(partition, closed)| (*partition, KeptClosed(Arc::clone(closed))))
                .collect(),
        }
    }

    fn restore(self) -> Desk {
        let mut desk = Desk::default();
        let mut pools = Vec::new();
        for (id, kept) in self.queues {
            let (queue, channels) = kept.restore();
            desk.queues.insert(id.clone(), queue);
            pools.push((id, channels));
        }
        for (id, agent) in self.agents {
            desk.restore_agent(id, agent);
        }
        for (queue, channels) in pools {
            for channel in &channels {
                desk.open_pool(&queue, channel);
            }
        }
        for (id, conversation) in self.conversations {
            desk.restore_conversation(id, conversation);
        }
        let closed = self.closed.into_iter();
        desk.closed = closed
            .map(|(partition, closed)| (partition, closed.0))
            .collect();
        desk
    }
}

impl Desk {
    fn restore_agent(&mut self, id: AgentId, agent: Arc<Agent>) {
        for conversation in agent.slots.keys() {
            let agents = self.involved.entry(conversation.clone()).or_default();
            agents.insert(id.clone());
        }
        self.agents.entry(id.clone()).or_default().agent = agent;
        self.reseat(&id);
    }

    /// The queues of those who wait are looked at: what woke them is not known any more.
    fn restore_conversation(&mut self, id: ConversationId, conversation: Arc<Conversation>) {
        if let Some(queue) = conversation.offered_in() {
            self.queues.entry(queue.clone()).or_default().offered += 1;
        }
        let open = Open {
            alarm: Alarm::new(conversation.since),
            conversation,
            spotted: None,
        };
        self.conversations.insert(id.clone(), open);
        self.enter_line(&id);
    }
}

impl KeptQueue {
    fn of(queue: &Queue) -> Self {
        Self {
            version: queue.version,
            settings: queue.settings.clone(),
            is_configured: queue.is_configured,
            is_starved: queue.is_starved,
            channels: queue.pools.keys().cloned().collect(),
            last_match: queue.last_match.clone(),
        }
    }

    fn restore(self) -> (Queue, Vec<Channel>) {
        let queue = Queue {
            version: self.version,
            settings: self.settings,
            is_configured: self.is_configured,
            is_starved: self.is_starved,
            last_match: self.last_match,
            ..Queue::default()
        };
        (queue, self.channels)
    }
}
