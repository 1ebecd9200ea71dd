//! Queues without an agent who could be asked even if every slot were free.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Tenant;

use super::desk::Desk;
use super::queue::Queue;
use super::{Floor, count};
use crate::decision::Reason;
use crate::label::{AgentId, Channel, ConversationId, QueueId, Skill};

/// What to report of a queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Starvation {
    Starved {
        tenant: Tenant,
        queue: QueueId,
        /// Who waits longest.
        conversation: ConversationId,
        waiting: u32,
        /// Why the agents of the queue cannot be asked.
        agents: BTreeMap<Reason, u32>,
    },
    Served {
        tenant: Tenant,
        queue: QueueId,
        /// One of those who can be asked again.
        agent: AgentId,
    },
}

impl Floor {
    /// What the queues' own events have not reported yet.
    #[must_use]
    pub fn starvation(&self) -> Vec<Starvation> {
        let queues = self.desks().flat_map(|(tenant, desk)| {
            let queues = desk.queues.iter();
            queues.filter_map(move |(id, queue)| desk.starvation(tenant, id, queue))
        });
        queues.collect()
    }
}

impl Desk {
    fn starvation(&self, tenant: &Tenant, id: &QueueId, queue: &Queue) -> Option<Starvation> {
        let oldest = queue.lines.oldest();
        if oldest.is_none() && !queue.is_starved {
            return None;
        }
        let open = oldest.and_then(|spot| self.conversations.get(&spot.id));
        let waits = open.and_then(|open| {
            let place = open.conversation.waits()?;
            Some((&open.conversation.channel, &place.requirements))
        });
        let agent = match waits {
            Some((channel, required)) => self.within_reach(queue, channel, required),
            // The queue is empty: the next conversation decides whether it starves.
            None => {
                let mut channels = queue.pools.keys();
                channels.find_map(|channel| self.within_reach(queue, channel, &BTreeSet::new()))
            }
        };
        match (agent, oldest, waits) {
            (Some(agent), ..) if queue.is_starved => Some(Starvation::Served {
                tenant: tenant.clone(),
                queue: id.clone(),
                agent: agent.clone(),
            }),
            (None, Some(spot), Some((channel, _))) if !queue.is_starved => {
                Some(Starvation::Starved {
                    tenant: tenant.clone(),
                    queue: id.clone(),
                    conversation: spot.id.clone(),
                    waiting: count(queue.lines.len()),
                    agents: queue.out_of_reach(channel),
                })
            }
            _ => None,
        }
    }

    /// An agent who could be asked if every slot were free.
    fn within_reach<'a>(
        &'a self,
        queue: &'a Queue,
        channel: &Channel,
        required: &BTreeSet<Skill>,
    ) -> Option<&'a AgentId> {
        let pool = queue.pools.get(channel)?;
        let benches = [&pool.open, &pool.full];
        let agents = benches
            .into_iter()
            .flat_map(|bench| bench.narrowest(required));
        let agents = agents.map(|(_, id)| id).chain(&pool.held);
        let knows = |id: &&AgentId| {
            let member = self.agents.get(*id);
            member.is_some_and(|member| member.agent.knows(required))
        };
        agents.into_iter().find(knows)
    }
}

impl Queue {
    /// Those whom a free slot does not help, by reason.
    fn out_of_reach(&self, channel: &Channel) -> BTreeMap<Reason, u32> {
        let Some(pool) = self.pools.get(channel) else {
            return BTreeMap::new();
        };
        let mut agents = pool.unreachable();
        let unable = pool.open.len() + pool.full.len() + pool.held.len();
        if unable > 0 {
            agents.insert(Reason::SkillMissing, count(unable));
        }
        agents
    }
}
