//! The agents of a queue, sorted by whether they can be asked on one channel.
//!
//! An agent who cannot be asked is only counted, so that the cost of a match grows with those who
//! can.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Timestamp;

use super::agent::Agent;
use crate::decision::Reason;
use crate::label::{AgentId, Channel, Skill};
use crate::settings::{QueueSettings, Strategy};

/// An agent's place in the order of a strategy, as far as it does not depend on the
/// conversation. The turn counts with or without other work: one long conversation does not move
/// its agent before or after all others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    load: u64,
    turn_since: Timestamp,
    last_assigned: Option<Timestamp>,
}

/// An agent in an order; the id decides what the rank leaves open.
pub(crate) type Ranked = (Rank, AgentId);

/// Where an agent is in a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    Open(Rank),
    /// Could be asked, but is being asked for another conversation.
    Held(Rank),
    /// Could be asked if a slot were free, or work that excludes the channel were over.
    Full(Rank, Reason),
    Out(Reason),
}

#[derive(Debug, Default)]
pub(crate) struct Pool {
    pub(crate) open: Bench,
    pub(crate) full: Bench,
    pub(crate) held: BTreeSet<AgentId>,
    /// Those of the full who are busy on a channel that excludes this one.
    busy: u32,
    /// Those on no bench.
    out: BTreeMap<Reason, BTreeSet<AgentId>>,
}

/// Agents in order, as a whole and for each skill that was ever required here.
#[derive(Debug, Default)]
pub(crate) struct Bench {
    all: BTreeSet<Ranked>,
    by_skill: BTreeMap<Skill, BTreeSet<Ranked>>,
}

impl Rank {
    fn of(agent: &Agent, channel: &Channel, strategy: Strategy) -> Self {
        let load = match strategy {
            Strategy::LeastLoaded | Strategy::Proficiency => {
                load(agent.used(channel), agent.capacity_of(channel))
            }
            Strategy::LongestIdle | Strategy::Sticky | Strategy::Ring(_) => 0,
            Strategy::RoundRobin => return Self::default(),
        };
        Self {
            load,
            turn_since: agent.turn_since(),
            last_assigned: agent.last_assigned,
        }
    }
}

/// Two different fractions with denominators below 2^16 are more than 2^-32 apart: cut off here, they
/// are still different, and in the same order.
fn load(used: u32, capacity: u32) -> u64 {
    (u64::from(used) << 32) / u64::from(capacity.max(1))
}

impl Seat {
    pub(crate) fn of(
        agent: &Agent,
        channel: &Channel,
        settings: &QueueSettings,
        is_held: bool,
    ) -> Self {
        let rank = Rank::of(agent, channel, settings.strategy);
        match agent.closed_to(channel, u32::from(settings.cost.get())) {
            None if is_held => Self::Held(rank),
            None => Self::Open(rank),
            Some(reason @ (Reason::NoCapacity | Reason::BusyOnChannel)) => Self::Full(rank, reason),
            Some(reason) => Self::Out(reason),
        }
    }

    /// Whether the agent takes offers here, now or once work is done.
    pub(crate) fn may_come_free(self) -> bool {
        !matches!(self, Self::Out(_))
    }

    /// Whether the agent could be asked here but for the claims of other conversations.
    pub(crate) fn is_free(self) -> bool {
        matches!(self, Self::Open(_) | Self::Held(_))
    }
}

impl Pool {
    pub(crate) fn enter(&mut self, id: &AgentId, skills: &BTreeMap<Skill, u8>, seat: Seat) {
        match seat {
            Seat::Open(rank) => self.open.enter((rank, id.clone()), skills),
            Seat::Full(rank, reason) => {
                self.full.enter((rank, id.clone()), skills);
                self.busy += u32::from(reason == Reason::BusyOnChannel);
            }
            Seat::Held(_) => {
                self.held.insert(id.clone());
            }
            Seat::Out(reason) => {
                self.out.entry(reason).or_default().insert(id.clone());
            }
        }
    }

    /// With the skills with which it entered.
    pub(crate) fn leave(&mut self, id: &AgentId, skills: &BTreeMap<Skill, u8>, seat: Seat) {
        match seat {
            Seat::Open(rank) => self.open.leave(&(rank, id.clone()), skills),
            Seat::Full(rank, reason) => {
                self.full.leave(&(rank, id.clone()), skills);
                self.busy -= u32::from(reason == Reason::BusyOnChannel);
            }
            Seat::Held(_) => {
                self.held.remove(id);
            }
            Seat::Out(reason) => {
                if let Some(agents) = self.out.get_mut(&reason) {
                    agents.remove(id);
                    if agents.is_empty() {
                        self.out.remove(&reason);
                    }
                }
            }
        }
    }

    /// All who are closed to every conversation, by reason.
    pub(crate) fn closed(&self) -> BTreeMap<Reason, u32> {
        let mut closed = self.unreachable();
        let full = count(self.full.all.len()) - self.busy;
        let at_work = [
            (Reason::NoCapacity, full),
            (Reason::BusyOnChannel, self.busy),
        ];
        closed.extend(at_work.into_iter().filter(|(_, agents)| *agents > 0));
        closed
    }

    /// Those whom a free slot does not help, by reason.
    pub(crate) fn out(&self) -> &BTreeMap<Reason, BTreeSet<AgentId>> {
        &self.out
    }

    pub(crate) fn unreachable(&self) -> BTreeMap<Reason, u32> {
        let out = self.out.iter();
        out.map(|(reason, agents)| (*reason, count(agents.len())))
            .collect()
    }
}

impl Bench {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Ranked> {
        self.all.iter()
    }

    pub(crate) fn has_index(&self, skill: &Skill) -> bool {
        self.by_skill.contains_key(skill)
    }

    pub(crate) fn set_index(&mut self, skill: Skill, knows: impl Fn(&AgentId) -> bool) {
        let able = self.all.iter().filter(|(_, id)| knows(id));
        let able = able.cloned().collect();
        self.by_skill.insert(skill, able);
    }

    /// The fewest agents among whom all are who have the skills.
    pub(crate) fn narrowest(&self, required: &BTreeSet<Skill>) -> &BTreeSet<Ranked> {
        let indices = required.iter().filter_map(|skill| self.by_skill.get(skill));
        indices.min_by_key(|index| index.len()).unwrap_or(&self.all)
    }

    fn enter(&mut self, agent: Ranked, skills: &BTreeMap<Skill, u8>) {
        for skill in skills.keys() {
            if let Some(index) = self.by_skill.get_mut(skill) {
                index.insert(agent.clone());
            }
        }
        self.all.insert(agent);
    }

    fn leave(&mut self, agent: &Ranked, skills: &BTreeMap<Skill, u8>) {
        for skill in skills.keys() {
            if let Some(index) = self.by_skill.get_mut(skill) {
                index.remove(agent);
            }
        }
        self.all.remove(agent);
    }
}

pub(crate) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
