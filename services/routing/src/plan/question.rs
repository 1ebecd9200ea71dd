//! Who can be asked for one conversation, and who cannot, why.

use std::collections::BTreeMap;

use kernel::Timestamp;

use super::ASKED_MAX;
use crate::decision::{Candidate, Exclusion, Reason};
use crate::floor::{Conversation, Desk, Member, Place, Pool, Queue, Ranked, Seat, after_s, count};
use crate::label::{AgentId, ConversationId};
use crate::settings::Strategy;

/// Agents looked at for who has been free longest.
const FREE_MAX: usize = 16;

/// One conversation before the agents of its queue.
pub(super) struct Question<'a> {
    pub(super) desk: &'a Desk,
    pub(super) id: &'a ConversationId,
    pub(super) conversation: &'a Conversation,
    pub(super) place: &'a Place,
    pub(super) queue: &'a Queue,
    pub(super) pool: &'a Pool,
    pub(super) now: Timestamp,
}

pub(super) struct Answer {
    pub(super) candidates: Vec<Candidate>,
    pub(super) candidates_total: u32,
    pub(super) exclusions: Vec<Exclusion>,
    pub(super) excluded: BTreeMap<Reason, u32>,
    pub(super) cooldown_lifted: bool,
}

/// Agents with room who are excluded from this conversation.
#[derive(Default)]
pub(super) struct Passed<'a> {
    pub(super) by_agent: BTreeMap<&'a AgentId, Passing>,
    /// Those of them who are on the open bench, and so in its counts.
    open: usize,
    /// Those of these who have not the skills.
    open_unable: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Passing {
    pub(super) reason: Reason,
    pub(super) until: Option<Timestamp>,
    seat: Seat,
}

impl<'a> Question<'a> {
    /// Nothing for a conversation that does not wait.
    pub(super) fn new(desk: &'a Desk, id: &'a ConversationId, now: Timestamp) -> Option<Self> {
        let conversation = &desk.conversations.get(id)?.conversation;
        let place = conversation.waits()?;
        let queue = desk.queues.get(&place.queue)?;
        let pool = queue.pools.get(&conversation.channel)?;
        Some(Self {
            desk,
            id,
            conversation,
            place,
            queue,
            pool,
            now,
        })
    }

    pub(super) fn answer(&self) -> Answer {
        let passed = self.passed();
        let able = self.able();
        let mut excluded = self.pool.closed();
        let unable = self.pool.open.len() - able - passed.open_unable;
        add(&mut excluded, Reason::SkillMissing, count(unable));
        for passing in passed.by_agent.values() {
            add(&mut excluded, passing.reason, 1);
        }
        let free = able - (passed.open - passed.open_unable);
        let stays = self.stays();
        let candidates = if stays {
            self.preferred_alone(&passed)
        } else {
            self.candidates(&passed, ASKED_MAX)
        };
        let total = if stays { candidates.len() } else { free };
        add(&mut excluded, Reason::NotPreferred, count(free - total));
        let mut answer = Answer {
            candidates,
            candidates_total: count(total),
            exclusions: Vec::new(),
            excluded,
            cooldown_lifted: false,
        };
        if total == 0 && !stays {
            self.lift_cooldown(&passed, &mut answer);
        }
        answer.exclusions = self.explain(&passed, &answer, stays);
        answer
    }

    /// The time since when at least one agent can be asked for it; `None` without one. Of many
    /// agents the first in order are looked at.
    pub(super) fn matchable_since(&self) -> Option<Timestamp> {
        let updated_at = |id| {
            let member = self.desk.agents.get(id);
            member.map(|member| member.agent.updated_at)
        };
        let free_since = if self.stays() {
            self.preferred().and_then(updated_at)
        } else {
            let agents = self.able_agents().take(FREE_MAX);
            agents.filter_map(|(_, id)| updated_at(id)).min()
        };
        // Until then it may have waited for one alone.
        let sticky = self.place.sticky.as_ref().filter(|_| self.is_sticky());
        let lapsed_at = sticky.map(|sticky| sticky.until);
        let lapsed_at = lapsed_at.filter(|until| *until <= self.now);
        let since = free_since?.max(self.conversation.since);
        Some(lapsed_at.map_or(since, |lapsed_at| since.max(lapsed_at)))
    }

    /// Whether an agent can be asked for it, and no match of it is under way.
    pub(super) fn is_matchable(&self) -> bool {
        !self.desk.holds.has_conversation(self.id) && self.has_answer()
    }

    /// Whether it waits for one agent alone, who cannot be asked now.
    pub(super) fn stays_unserved(&self) -> bool {
        self.stays() && self.preferred_and_free(&self.passed()).is_none()
    }

    /// Whether any agent can be asked; as `answer`, but only so far.
    fn has_answer(&self) -> bool {
        if self.pool.open.len() == 0 {
            return false;
        }
        let passed = self.passed();
        if self.stays() {
            return self.preferred_and_free(&passed).is_some();
        }
        self.able_agents()
            .any(|(_, id)| !passed.by_agent.contains_key(id))
            || !passed.lifted().is_empty()
    }

    /// How many have room and the skills.
    fn able(&self) -> usize {
        let narrowest = self.pool.open.narrowest(&self.place.requirements);
        if self.place.requirements.len() < 2 {
            return narrowest.len();
        }
        self.able_agents().count()
    }

    /// Those who have room and the skills, in order of rank.
    pub(super) fn able_agents(&self) -> impl Iterator<Item = &'a Ranked> {
        let narrowest = self.pool.open.narrowest(&self.place.requirements);
        narrowest.iter().filter(|(_, id)| self.knows(id))
    }

    pub(super) fn knows(&self, id: &AgentId) -> bool {
        // A single skill is an index of its own.
        self.place.requirements.len() < 2 || self.is_able(id)
    }

    pub(super) fn is_able(&self, id: &AgentId) -> bool {
        let member = self.desk.agents.get(id);
        member.is_some_and(|member| member.agent.knows(&self.place.requirements))
    }

    /// Looks at the few for whom this conversation, or this moment, is special.
    pub(super) fn passed(&self) -> Passed<'a> {
        let mut passed = Passed::default();
        let involved = self.desk.involved.get(self.id).into_iter().flatten();
        let offers = self.conversation.offers.iter();
        let asked = offers.map(|offer| &offer.agent_id);
        let refused = self.conversation.refused.keys();
        for id in involved.chain(asked).chain(refused).chain(&self.pool.held) {
            if let Some((member, seat)) = self.seated(id).filter(|(_, seat)| seat.is_free()) {
                self.pass(&mut passed, id, member, seat);
            }
        }
        passed
    }

    fn pass(&self, passed: &mut Passed<'a>, id: &'a AgentId, member: &Member, seat: Seat) {
        let Some((reason, until)) = self.passing(id, member, seat) else {
            return;
        };
        let passing = Passing {
            reason,
            until,
            seat,
        };
        let is_new = passed.by_agent.insert(id, passing).is_none();
        if is_new && matches!(seat, Seat::Open(_)) {
            passed.open += 1;
            if !member.agent.knows(&self.place.requirements) {
                passed.open_unable += 1;
            }
        }
    }

    fn passing(
        &self,
        id: &AgentId,
        member: &Member,
        seat: Seat,
    ) -> Option<(Reason, Option<Timestamp>)> {
        let is_involved = member.agent.slots.contains_key(self.id) || self.conversation.asks(id);
        let cools_until = self.cools_until(id);
        if is_involved {
            Some((Reason::Involved, None))
        } else if !member.agent.knows(&self.place.requirements) {
            Some((Reason::SkillMissing, None))
        } else if cools_until.is_some() {
            Some((Reason::RefusedBefore, cools_until))
        } else if matches!(seat, Seat::Held(_)) {
            Some((Reason::InFlight, None))
        } else {
            None
        }
    }

    /// Whether it is to be asked of its preferred agent alone, now or when they have come free.
    fn stays(&self) -> bool {
        let preferred = self.preferred().filter(|_| self.is_sticky());
        preferred.is_some_and(|id| {
            let seated = self.seated(id).filter(|(_, seat)| seat.may_come_free());
            seated.is_some_and(|(member, seat)| {
                // An agent who still has it, or is asked for another, comes free in a moment.
                matches!(
                    self.passing(id, member, seat),
                    None | Some((Reason::InFlight | Reason::Involved, _))
                )
            })
        })
    }

    fn is_sticky(&self) -> bool {
        self.queue.settings.strategy == Strategy::Sticky
    }

    fn cools_until(&self, id: &AgentId) -> Option<Timestamp> {
        let refused_at = self.conversation.refused.get(id)?;
        let until = after_s(*refused_at, self.queue.settings.cooldown_s);
        (until > self.now).then_some(until)
    }

    pub(super) fn seated(&self, id: &AgentId) -> Option<(&'a Member, Seat)> {
        let member = self.desk.agents.get(id)?;
        let seats = member.seats.get(&self.place.queue)?;
        let seat = seats.get(&self.conversation.channel)?;
        Some((member, *seat))
    }

    /// The same agent again is better than none.
    fn lift_cooldown(&self, passed: &Passed<'a>, answer: &mut Answer) {
        let lifted = passed.lifted();
        if lifted.is_empty() {
            return;
        }
        answer.cooldown_lifted = true;
        answer.candidates_total = count(lifted.len());
        if let Some(refused) = answer.excluded.get_mut(&Reason::RefusedBefore) {
            *refused -= count(lifted.len());
            if *refused == 0 {
                answer.excluded.remove(&Reason::RefusedBefore);
            }
        }
        answer.candidates = self.refusers(lifted, ASKED_MAX);
    }
}

impl Passed<'_> {
    pub(super) fn contains(&self, id: &AgentId) -> bool {
        self.by_agent.contains_key(id)
    }

    /// Whether the agent is asked all the same when the cool-down is lifted.
    pub(super) fn is_liftable(passing: &Passing) -> bool {
        passing.reason == Reason::RefusedBefore && matches!(passing.seat, Seat::Open(_))
    }

    /// The agents who refused before, if there are no others. A held agent counts as another: in a
    /// moment they are free, or have no room.
    fn lifted(&self) -> Vec<Ranked> {
        let mut passed = self.by_agent.values();
        if passed.any(|passing| passing.reason == Reason::InFlight) {
            return Vec::new();
        }
        let refused = self.by_agent.iter().filter_map(|(id, passing)| {
            let Seat::Open(rank) = passing.seat else {
                return None;
            };
            let is_refused = passing.reason == Reason::RefusedBefore;
            is_refused.then(|| (rank, (*id).clone()))
        });
        refused.collect()
    }
}

fn add(counts: &mut BTreeMap<Reason, u32>, reason: Reason, count: u32) {
    if count > 0 {
        *counts.entry(reason).or_default() += count;
    }
}
