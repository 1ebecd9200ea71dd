//! The order in which agents are asked.

use std::cmp::Reverse;
use std::ops::Bound::{Excluded, Unbounded};

use super::question::{Passed, Question};
use crate::decision::{Candidate, Terms};
use crate::floor::{Member, Rank, Ranked, Seat};
use crate::label::AgentId;
use crate::settings::Strategy;

impl<'a> Question<'a> {
    /// Those who can be asked, in order, the first `max` of them.
    pub(super) fn candidates(&self, passed: &Passed<'a>, max: usize) -> Vec<Candidate> {
        let preferred = self.preferred_and_free(passed);
        let free = |(_, id): &&Ranked| !passed.contains(id);
        match (self.queue.settings.strategy, &self.queue.last_match) {
            (Strategy::RoundRobin, Some((_, last))) => {
                let (before, after) = self.round(last);
                self.ordered(after.chain(before).filter(free), preferred, max)
            }
            _ => self.ordered(self.able_agents().filter(free), preferred, max),
        }
    }

    /// As `candidates`, for a conversation that only its preferred agent may be asked for.
    pub(super) fn preferred_alone(&self, passed: &Passed<'a>) -> Vec<Candidate> {
        let preferred = self.preferred_and_free(passed);
        let alone = preferred.and_then(|id| self.candidate(id, true));
        alone.into_iter().collect()
    }

    /// As `candidates`, among those who have refused before.
    pub(super) fn refusers(&self, mut agents: Vec<Ranked>, max: usize) -> Vec<Candidate> {
        agents.sort_unstable();
        if let (Strategy::RoundRobin, Some((_, last))) =
            (self.queue.settings.strategy, &self.queue.last_match)
        {
            let before = agents.iter().take_while(|(_, id)| id <= last).count();
            agents.rotate_left(before);
        }
        let is_there = |id: &&AgentId| agents.iter().any(|(_, agent)| agent == *id);
        self.ordered(agents.iter(), self.preferred().filter(is_there), max)
    }

    /// Those up to the agent, and those after, by id: under round robin all have the same rank.
    fn round(
        &self,
        last: &AgentId,
    ) -> (
        impl Iterator<Item = &'a Ranked>,
        impl Iterator<Item = &'a Ranked>,
    ) {
        let able = self.pool.open.narrowest(&self.place.requirements);
        let last = (Rank::default(), last.clone());
        let before = able.range(..=last.clone());
        let after = able.range((Excluded(last), Unbounded));
        let knows = |(_, id): &&Ranked| self.knows(id);
        (before.filter(knows), after.filter(knows))
    }

    /// Candidates from agents in order of rank: the preferred one first, then the best known if the
    /// strategy asks for it.
    fn ordered<'b>(
        &self,
        agents: impl Iterator<Item = &'b Ranked>,
        preferred: Option<&AgentId>,
        max: usize,
    ) -> Vec<Candidate> {
        let first = preferred.and_then(|id| self.candidate(id, true));
        let max = max - usize::from(first.is_some());
        let others = agents.filter(|(_, id)| Some(id) != preferred);
        let first = first.into_iter();
        let is_scored = self.queue.settings.strategy == Strategy::Proficiency;
        if is_scored && !self.place.requirements.is_empty() {
            first.chain(self.by_proficiency(others, max)).collect()
        } else {
            let others = others.filter_map(|(_, id)| self.candidate(id, false));
            first.chain(others.take(max)).collect()
        }
    }

    fn by_proficiency<'b>(
        &self,
        agents: impl Iterator<Item = &'b Ranked>,
        max: usize,
    ) -> Vec<Candidate> {
        let scored = agents.filter_map(|ranked| {
            let member = self.desk.agents.get(&ranked.1)?;
            Some((Reverse(self.proficiency(member)), ranked))
        });
        let mut scored: Vec<_> = scored.collect();
        if scored.len() > max {
            scored.select_nth_unstable(max);
            scored.truncate(max);
        }
        scored.sort_unstable();
        let ids = scored.into_iter().map(|(_, (_, id))| id);
        ids.filter_map(|id| self.candidate(id, false)).collect()
    }

    fn candidate(&self, id: &AgentId, sticky: bool) -> Option<Candidate> {
        let member = self.desk.agents.get(id)?;
        let (agent, channel) = (&member.agent, &self.conversation.channel);
        Some(Candidate {
            agent_id: id.clone(),
            version: agent.version,
            terms: Terms {
                idle_since: agent.idle_since,
                turn_since: Some(agent.turn_since()),
                last_assigned: agent.last_assigned,
                used: agent.used(channel),
                capacity: agent.capacity_of(channel),
                proficiency: self.proficiency(member),
                sticky,
            },
        })
    }

    fn proficiency(&self, member: &Member) -> u64 {
        let weights = &self.queue.settings.skill_weights;
        let required = self.place.requirements.iter();
        let scores = required.map(|skill| {
            let level = member.agent.skills.get(skill).copied().unwrap_or_default();
            let weight = weights.get(skill).map_or(1, |weight| weight.get());
            u64::from(level) * u64::from(weight)
        });
        scores.sum()
    }

    /// Who comes first as long as the preference lasts, whether or not they can be asked.
    pub(super) fn preferred(&self) -> Option<&'a AgentId> {
        let sticky = self.place.sticky.as_ref()?;
        (sticky.until > self.now).then_some(&sticky.agent_id)
    }

    /// The same, if they can be asked.
    pub(super) fn preferred_and_free(&self, passed: &Passed<'a>) -> Option<&'a AgentId> {
        let is_free = |id: &&AgentId| self.is_open(id) && !passed.contains(id);
        self.preferred().filter(is_free)
    }

    fn is_open(&self, id: &AgentId) -> bool {
        let is_open = |(_, seat)| matches!(seat, Seat::Open(_));
        self.seated(id).is_some_and(is_open) && self.is_able(id)
    }
}
