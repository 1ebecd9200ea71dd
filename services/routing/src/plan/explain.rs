//! Who cannot be asked for a conversation, by name.

use std::collections::BTreeMap;

use kernel::Timestamp;

use super::question::{Answer, Passed, Question};
use crate::decision::{Exclusion, NAMED_MAX, Reason};
use crate::floor::Ranked;
use crate::label::AgentId;

/// Agents with room looked at for those who lack a skill.
const LOOKED_AT_MAX: usize = 1_000;

impl Question<'_> {
    /// All agents of the queue who are no candidates, the first [`NAMED_MAX`] of them: first those
    /// for whom this conversation is special, last the absent ones.
    pub(super) fn explain(
        &self,
        passed: &Passed<'_>,
        answer: &Answer,
        stays: bool,
    ) -> Vec<Exclusion> {
        let special = passed
            .by_agent
            .iter()
            .filter(|(_, passing)| !(answer.cooldown_lifted && Passed::is_liftable(passing)));
        let special =
            special.map(|(id, passing)| self.exclusion(id, passing.reason, passing.until));
        let others = self.at_work().chain(self.unable(passed));
        let others = others.chain(self.not_preferred(passed, answer, stays));
        let named = special.chain(others).chain(self.away()).take(NAMED_MAX);
        let by_id: BTreeMap<_, _> = named
            .map(|exclusion| (exclusion.agent_id.clone(), exclusion))
            .collect();
        by_id.into_values().collect()
    }

    fn at_work(&self) -> impl Iterator<Item = Exclusion> {
        self.pool.full.all().map(|(_, id)| self.closed(id))
    }

    /// Those who do not take offers here, whatever becomes free; the presence comes last.
    fn away(&self) -> impl Iterator<Item = Exclusion> {
        let out = self.pool.out().iter().rev();
        out.flat_map(|(reason, ids)| ids.iter().map(|id| self.exclusion(id, *reason, None)))
    }

    fn unable(&self, passed: &Passed<'_>) -> impl Iterator<Item = Exclusion> {
        let looked_at = if self.place.requirements.is_empty() {
            0
        } else {
            LOOKED_AT_MAX
        };
        let open = self.pool.open.all().take(looked_at);
        let unable = open.filter(|(_, id)| !self.is_able(id) && !passed.contains(id));
        unable.map(|(_, id)| self.exclusion(id, Reason::SkillMissing, None))
    }

    /// Those who could take it, if it did not wait for another.
    fn not_preferred(
        &self,
        passed: &Passed<'_>,
        answer: &Answer,
        stays: bool,
    ) -> impl Iterator<Item = Exclusion> {
        let until = self.place.sticky.as_ref().map(|sticky| sticky.until);
        let is_asked = |id: &AgentId| {
            let mut asked = answer.candidates.iter();
            asked.any(|candidate| candidate.agent_id == *id)
        };
        let others = self.able_agents().take(if stays { NAMED_MAX } else { 0 });
        let others = others.filter(move |(_, id): &&Ranked| !passed.contains(id) && !is_asked(id));
        others.map(move |(_, id)| self.exclusion(id, Reason::NotPreferred, until))
    }

    fn closed(&self, id: &AgentId) -> Exclusion {
        let cost = u32::from(self.queue.settings.cost.get());
        let channel = &self.conversation.channel;
        let closed = self.desk.agents.get(id);
        let closed = closed.and_then(|member| member.agent.closed_to(channel, cost));
        self.exclusion(id, closed.unwrap_or(Reason::NoCapacity), None)
    }

    fn exclusion(&self, id: &AgentId, reason: Reason, until: Option<Timestamp>) -> Exclusion {
        let agent = self.desk.agents.get(id).map(|member| &member.agent);
        let busy_on = || agent?.busy_on(&self.conversation.channel).cloned();
        let missing = || agent?.missing(&self.place.requirements).cloned();
        Exclusion {
            agent_id: id.clone(),
            reason,
            channel: (reason == Reason::BusyOnChannel).then(busy_on).flatten(),
            skill: (reason == Reason::SkillMissing).then(missing).flatten(),
            until,
        }
    }
}
