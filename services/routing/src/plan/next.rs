//! Who is served next.

use kernel::{Tenant, Timestamp};

use super::question::Question;
use crate::floor::{Desk, Floor, Line, Queue, served};
use crate::label::{ConversationId, QueueId};

/// Conversations looked at per call: a conversation without an agent to ask, though its line has
/// agents and it waits for none, is rare.
const LOOKED_AT_MAX: usize = 1_000;
/// Conversations passed over per call because they are another router's, rest, or wait for their
/// preferred agent.
const PASSED_MAX: usize = 32_000;

impl Floor {
    /// The next conversations of a queue to be matched, in the order in which they are served: not
    /// those whose last match is under way, not those of other routers, and not those without an
    /// agent to ask. Each may need the same agent: hold what is planned, then ask again.
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
        let ids = spots.take(PASSED_MAX).map(|spot| &spot.id);
        let ours = ids.filter(|id| mine(tenant, id));
        let questions = ours.filter_map(|id| Question::new(desk, id, now));
        let open = questions.filter(|question| !question.stays_unserved());
        let matchable = open.take(LOOKED_AT_MAX).filter(Question::is_matchable);
        matchable
            .take(max)
            .map(|question| question.id.clone())
            .collect()
    }

    /// Agents of the queue who can be asked now: more matches need not be begun at once.
    #[must_use]
    pub fn free(&self, tenant: &Tenant, queue: &QueueId) -> usize {
        let queue = self.find(tenant, queue).map(|(_, queue)| queue);
        let pools = queue.into_iter().flat_map(|queue| queue.pools.values());
        pools.map(|pool| pool.open.len()).sum()
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
            let mut questions = ids.filter_map(|id| Question::new(desk, id, now));
            questions.find(Question::is_matchable)
        });
        let since = oldest.filter_map(|question| question.matchable_since());
        since.min().map(|since| now.millis_since(since))
    }

    /// The same of all queues of all tenants, for a gauge of the routers; 0 when all is well.
    #[must_use]
    pub fn stalled_ms(&self, now: Timestamp) -> u64 {
        let queues = self.desks().flat_map(|(tenant, desk)| {
            let queues = desk.queues.keys();
            queues.filter_map(move |queue| self.oldest_matchable_ms(tenant, queue, now))
        });
        queues.max().unwrap_or_default()
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
}
