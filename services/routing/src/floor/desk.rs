//! One tenant's floor: events in, indices kept.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kernel::{EventMeta, Timestamp};

use super::agent::Agent;
use super::conversation::Conversation;
use super::event::{AgentEvent, QueueEvent};
use super::hold::Holds;
use super::memory::Closed;
use super::pool::{Pool, Seat};
use super::queue::Queue;
use super::timer::{Alarm, Alarms};
use super::waiting::Spotted;
use crate::label::{AgentId, Channel, ConversationId, QueueId, Skill};

#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub(crate) agents: HashMap<AgentId, Member>,
    pub(crate) conversations: HashMap<ConversationId, Open>,
    /// By partition: what is forgotten depends on the events of one alone.
    pub(crate) closed: BTreeMap<u16, Arc<Closed>>,
    pub(crate) queues: BTreeMap<QueueId, Queue>,
    /// Agents with a slot for the conversation, whatever state the conversation is in.
    pub(crate) involved: HashMap<ConversationId, BTreeSet<AgentId>>,
    pub(crate) holds: Holds,
    pub(crate) alarms: Alarms,
    pub(crate) woken: BTreeSet<QueueId>,
}

/// An agent, and where it is in the pools of its queues.
#[derive(Debug, Default)]
pub(crate) struct Member {
    /// Shared with copies of the floor, as are conversations.
    pub(crate) agent: Arc<Agent>,
    pub(crate) seats: BTreeMap<QueueId, BTreeMap<Channel, Seat>>,
}

/// A conversation that is not closed, where it waits, and what is due for it.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) conversation: Arc<Conversation>,
    pub(crate) spotted: Option<Spotted>,
    pub(crate) alarm: Alarm,
}

impl Desk {
    pub(crate) fn agent(&mut self, id: &AgentId, meta: &EventMeta, event: AgentEvent) {
        let member = self.agents.entry(id.clone()).or_default();
        if meta.sequence <= member.agent.version {
            return;
        }
        let moves_places = matches!(
            event,
            AgentEvent::SkillsChanged(_) | AgentEvent::QueuesChanged(_)
        );
        let opens_pools = matches!(
            event,
            AgentEvent::CapacityChanged(_) | AgentEvent::QueuesChanged(_)
        );
        self.note(id, meta.at, &event);
        if moves_places {
            self.unseat(id);
        }
        if let Some(member) = self.agents.get_mut(id) {
            Arc::make_mut(&mut member.agent).apply(meta, event);
        }
        if opens_pools {
            self.open_pools_for(id);
        }
        self.agent_seen(id);
        self.reseat(id);
    }

    /// What others need to know of the event.
    fn note(&mut self, id: &AgentId, at: Timestamp, event: &AgentEvent) {
        match event {
            AgentEvent::SlotReserved(reserved) => {
                let agents = self.involved.entry(reserved.conversation_id.clone());
                agents.or_default().insert(id.clone());
            }
            AgentEvent::SlotReleased(released) => {
                if let Some(agents) = self.involved.get_mut(&released.conversation_id) {
                    agents.remove(id);
                    if agents.is_empty() {
                        self.involved.remove(&released.conversation_id);
                    }
                }
                // A conversation that waits may be offered to an agent that had it.
                self.wake_conversation(&released.conversation_id);
            }
            AgentEvent::AgentMatched(matched) => {
                let queue = self.queues.entry(matched.queue.clone()).or_default();
                let last = Some((at, id.clone()));
                queue.last_match = queue.last_match.take().max(last);
            }
            _ => {}
        }
    }

    pub(crate) fn pass_agent(&mut self, id: &AgentId, meta: &EventMeta) {
        let member = self.agents.entry(id.clone()).or_default();
        let agent = Arc::make_mut(&mut member.agent);
        agent.version = agent.version.max(meta.sequence);
        self.agent_seen(id);
        self.reseat(id);
    }

    pub(crate) fn queue(&mut self, id: &QueueId, meta: &EventMeta, event: QueueEvent) {
        let queue = self.queues.entry(id.clone()).or_default();
        if meta.sequence <= queue.version {
            return;
        }
        queue.version = meta.sequence;
        match event {
            QueueEvent::QueueStarved(_) => queue.is_starved = true,
            QueueEvent::QueueServed(_) => queue.is_starved = false,
            QueueEvent::QueueConfigured(configured) => {
                queue.settings = configured.settings;
                queue.is_configured = true;
                self.sort_again(id);
            }
        }
    }

    pub(crate) fn pass_queue(&mut self, id: &QueueId, meta: &EventMeta) {
        let queue = self.queues.entry(id.clone()).or_default();
        queue.version = queue.version.max(meta.sequence);
    }

    /// The settings decide the pool of every agent.
    fn sort_again(&mut self, id: &QueueId) {
        let Some(queue) = self.queues.get(id) else {
            return;
        };
        let members: Vec<AgentId> = queue.members.iter().cloned().collect();
        let waiting: Vec<ConversationId> = queue
            .lines
            .all()
            .flat_map(|(_, _, line)| line.ages().map(|spot| spot.id.clone()))
            .collect();
        for agent in members {
            self.reseat(&agent);
        }
        for conversation in waiting {
            self.leave_line(&conversation);
            self.enter_line(&conversation);
        }
    }

    /// Puts the agent where it belongs in each pool of its queues.
    pub(crate) fn reseat(&mut self, id: &AgentId) {
        let Some(member) = self.agents.get_mut(id) else {
            return;
        };
        let is_held = self.holds.has_agent(id);
        let Member { agent, seats } = member;
        for queue_id in &agent.queues {
            let queue = self.queues.entry(queue_id.clone()).or_default();
            queue.members.insert(id.clone());
            if !seats.contains_key(queue_id) {
                seats.insert(queue_id.clone(), BTreeMap::new());
            }
            let Some(seats) = seats.get_mut(queue_id) else {
                continue;
            };
            let mut may_match = false;
            for (channel, pool) in &mut queue.pools {
                let seat = Seat::of(agent, channel, &queue.settings, is_held);
                let before = sit(pool, channel, id, agent, seats, seat);
                // Also for an agent who was open before: a match that lost to a newer version is
                // tried again. And where this was the last one left, those who refused may be asked
                // again; where a conversation waited for this one, others may be asked.
                may_match |= match seat {
                    Seat::Open(_) => true,
                    Seat::Held(_) => false,
                    Seat::Full(..) => before.is_some_and(Seat::is_free),
                    Seat::Out(_) => before.is_some_and(Seat::may_come_free),
                };
            }
            if may_match && queue.lines.len() > 0 {
                self.woken.insert(queue_id.clone());
            }
        }
    }

    fn unseat(&mut self, id: &AgentId) {
        let Some(member) = self.agents.get_mut(id) else {
            return;
        };
        for (queue_id, seats) in std::mem::take(&mut member.seats) {
            let Some(queue) = self.queues.get_mut(&queue_id) else {
                continue;
            };
            queue.members.remove(id);
            // Where this was the last one left, those who refused may be asked again.
            if queue.lines.len() > 0 {
                self.woken.insert(queue_id);
            }
            for (channel, seat) in seats {
                if let Some(pool) = queue.pools.get_mut(&channel) {
                    pool.leave(id, &member.agent.skills, seat);
                }
            }
        }
    }

    fn open_pools_for(&mut self, id: &AgentId) {
        let Some(member) = self.agents.get(id) else {
            return;
        };
        let agent = &member.agent;
        let (queues, channels) = (agent.queues.clone(), agent.capacity.clone());
        for queue in &queues {
            for channel in channels.keys() {
                self.open_pool(queue, channel);
            }
        }
    }

    pub(crate) fn open_pool(&mut self, queue_id: &QueueId, channel: &Channel) {
        let queue = self.queues.entry(queue_id.clone()).or_default();
        if queue.pools.contains_key(channel) {
            return;
        }
        let mut pool = Pool::default();
        for id in &queue.members {
            let Some(Member { agent, seats }) = self.agents.get_mut(id) else {
                continue;
            };
            let seat = Seat::of(agent, channel, &queue.settings, self.holds.has_agent(id));
            let seats = seats.entry(queue_id.clone()).or_default();
            sit(&mut pool, channel, id, agent, seats, seat);
        }
        queue.pools.insert(channel.clone(), pool);
    }

    /// Keeps agents by the skill from now on: a conversation requires it.
    pub(crate) fn index_skill(&mut self, queue: &QueueId, channel: &Channel, skill: &Skill) {
        let Some(queue) = self.queues.get_mut(queue) else {
            return;
        };
        let Some(pool) = queue.pools.get_mut(channel) else {
            return;
        };
        if pool.open.has_index(skill) {
            return;
        }
        let agents = &self.agents;
        let knows = |id: &AgentId| {
            let member = agents.get(id);
            member.is_some_and(|member| member.agent.skills.contains_key(skill))
        };
        pool.open.set_index(skill.clone(), knows);
        pool.full.set_index(skill.clone(), knows);
    }

    pub(crate) fn wake(&mut self, queue_id: &QueueId) {
        let waits = |queue: &Queue| queue.lines.len() > 0;
        if self.queues.get(queue_id).is_some_and(waits) {
            self.woken.insert(queue_id.clone());
        }
    }

    pub(crate) fn wake_conversation(&mut self, id: &ConversationId) {
        let open = self.conversations.get(id);
        let place = open.and_then(|open| open.conversation.waits());
        if let Some(queue) = place.map(|place| place.queue.clone()) {
            self.wake(&queue);
        }
    }
}

/// Takes the seat; returns the one before.
fn sit(
    pool: &mut Pool,
    channel: &Channel,
    id: &AgentId,
    agent: &Agent,
    seats: &mut BTreeMap<Channel, Seat>,
    seat: Seat,
) -> Option<Seat> {
    let before = match seats.get_mut(channel) {
        Some(before) => Some(std::mem::replace(before, seat)),
        None => seats.insert(channel.clone(), seat),
    };
    if before != Some(seat) {
        if let Some(before) = before {
            pool.leave(id, &agent.skills, before);
        }
        pool.enter(id, &agent.skills, seat);
    }
    before
}
