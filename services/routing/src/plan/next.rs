//! Who is served next.

use kernel::{Tenant, Timestamp};

use super::question::Question;
use crate::floor::{Desk, Floor, Line, Queue, ms_between, served};
use crate::label::{ConversationId, QueueId};

/// Conversations looked at per call: one for which nobody can be asked though its line has somebody
/// is rare.
const LOOKED_AT_MAX: usize = 1_000;
/// Agents looked at for who has been free longest.
const FREE_MAX: usize = 16;

impl Floor {
    /// The next conversations of a queue to be matched, in the order in which they are served: not
    /// those whose last match is under way, not those of other routers, and not those nobody can be
    /// asked for. Each may need the same agent: hold what is planned, then ask again.
    #[must_use]
    pub fn next(
        &self,
        tenant: &Tenant,
        queue: &QueueId,
        now: Timestamp,
        mine: &dyn Fn(&Tenant, &ConversationId) -> bool,
        max: usize,
    ) -> Vec<ConversationId> {
        let Some((desk, queue)) = self.find(tenant, queue) else {
            return Vec::new();
        };
        let lines = desk.hopeful(queue);
        if lines.is_empty() {
            return Vec::new();
        }
        let spots = served(&lines, queue.settings.order, now);
        let ids = spots.take(LOOKED_AT_MAX).map(|spot| &spot.id);
        let matchable = ids.filter(|id| mine(tenant, id) && desk.is_matchable(id, now));
        matchable.take(max).cloned().collect()
    }

    /// For how long a conversation has waited, though an agent could be asked for it: milliseconds
    /// since both were there, at least. Nothing if there is no such conversation. A dispatcher that
    /// works keeps it small.
    #[must_use]
    pub fn oldest_matchable_ms(
        &self,
        tenant: &Tenant,
        queue: &QueueId,
        now: Timestamp,
    ) -> Option<u64> {
        let (desk, queue) = self.find(tenant, queue)?;
        let lines = desk.hopeful(queue).into_iter();
        let oldest = lines.filter_map(|line| {
            let ids = line.ages().take(LOOKED_AT_MAX).map(|spot| &spot.id);
            let mut matchable = ids.filter(|id| desk.is_matchable(id, now));
            matchable.next()
        });
        let since = oldest.filter_map(|id| {
            let question = Question::new(desk, id, now)?;
            let agents = question.able_agents().take(FREE_MAX);
            let agents = agents.filter_map(|(_, id)| desk.agents.get(id));
            let free_since = agents.map(|member| member.agent.updated_at).min()?;
            Some(free_since.max(question.conversation.since))
        });
        since.min().map(|since| ms_between(since, now))
    }

    fn find(&self, tenant: &Tenant, queue: &QueueId) -> Option<(&Desk, &Queue)> {
        let desk = self.desk(tenant)?;
        Some((desk, desk.queues.get(queue)?))
    }
}

impl Desk {
    /// The lines for which an agent has room and the skills.
    fn hopeful<'a>(&'a self, queue: &'a Queue) -> Vec<&'a Line> {
        let lines = queue.lines.all().filter(|(channel, required, _)| {
            let pool = queue.pools.get(*channel);
            let mut able = pool
                .into_iter()
                .flat_map(|pool| pool.open.narrowest(required));
            let knows = |id| {
                let member = self.agents.get(id);
                member.is_some_and(|member| member.agent.knows(required))
            };
            able.any(|(_, id)| knows(id))
        });
        lines.map(|(_, _, line)| line).collect()
    }

    fn is_matchable(&self, id: &ConversationId, now: Timestamp) -> bool {
        let question = Question::new(self, id, now);
        !self.holds.has_conversation(id) && question.is_some_and(|question| question.has_answer())
    }
}
