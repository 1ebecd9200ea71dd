//! The indices, compared with a look at every agent.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::decision::Reason;
use crate::floor::tests::{Scene, conversation, queue, tenant};
use crate::floor::{Conversation, Desk, Member, Place, Queue, after_s};
use crate::label::{AgentId, ConversationId};
use crate::settings::{Order, Strategy as Asking};

struct Naive<'a> {
    desk: &'a Desk,
    id: &'a ConversationId,
    conversation: &'a Conversation,
    place: &'a Place,
    queue: &'a Queue,
    now: kernel::Timestamp,
}

impl Naive<'_> {
    fn reason(&self, id: &AgentId, member: &Member) -> Option<Reason> {
        let cost = self.queue.settings.cost.get().into();
        let closed = member.agent.closed_to(&self.conversation.channel, cost);
        closed.or_else(|| self.own_reason(id, member))
    }

    /// What excludes the agent from the conversation, whether or not the agent is closed to all.
    fn own_reason(&self, id: &AgentId, member: &Member) -> Option<Reason> {
        let agent = &member.agent;
        let settings = &self.queue.settings;
        if agent.slots.contains_key(self.id) || self.conversation.asks(id) {
            return Some(Reason::Involved);
        }
        if self
            .place
            .requirements
            .iter()
            .any(|skill| !agent.skills.contains_key(skill))
        {
            return Some(Reason::SkillMissing);
        }
        let refused = self.conversation.refused.get(id);
        if refused.is_some_and(|at| after_s(*at, settings.cooldown_s) > self.now) {
            return Some(Reason::RefusedBefore);
        }
        self.desk.holds.has_agent(id).then_some(Reason::InFlight)
    }

    fn is_preferred(&self, id: &AgentId) -> bool {
        let sticky = self.place.sticky.as_ref();
        sticky.is_some_and(|sticky| sticky.agent_id == *id && sticky.until > self.now)
    }

    /// Whether the conversation waits for this agent alone.
    fn stays_with(&self, id: &AgentId, member: &Member, reason: Option<Reason>) -> bool {
        let may_come_free = [
            None,
            Some(Reason::NoCapacity),
            Some(Reason::BusyOnChannel),
            Some(Reason::InFlight),
            Some(Reason::Involved),
        ];
        let own = self.own_reason(id, member);
        self.queue.settings.strategy == Asking::Sticky
            && self.is_preferred(id)
            && may_come_free.contains(&reason)
            && matches!(own, None | Some(Reason::InFlight | Reason::Involved))
    }

    /// Smaller comes first.
    fn key(&self, id: &AgentId, member: &Member) -> impl Ord {
        let (agent, channel) = (&member.agent, &self.conversation.channel);
        let load =
            u64::from(agent.used(channel)) * 1_000_000 / u64::from(agent.capacity_of(channel));
        let turn = (agent.turn_since(), agent.last_assigned);
        let required = self.place.requirements.iter();
        let weights = &self.queue.settings.skill_weights;
        let score: u64 = required
            .map(|skill| {
                let weight = weights.get(skill).map_or(1, |weight| weight.get());
                u64::from(agent.skills[skill]) * u64::from(weight)
            })
            .sum();
        let last = self.queue.last_match.as_ref();
        let is_passed = last.is_some_and(|(_, last)| id <= last);
        let key = match self.queue.settings.strategy {
            Asking::LongestIdle | Asking::Sticky | Asking::Ring(_) => {
                (Reverse(0), 0, Some(turn), false)
            }
            Asking::LeastLoaded => (Reverse(0), load, Some(turn), false),
            Asking::RoundRobin => (Reverse(0), 0, None, is_passed),
            Asking::Proficiency => (Reverse(score), load, Some(turn), false),
        };
        (!self.is_preferred(id), key, id.clone())
    }

    /// Those who are asked in order, the others counted, and whether a cool-down was lifted.
    fn match_all(&self) -> (Vec<AgentId>, BTreeMap<Reason, u32>, bool) {
        let agents = self.desk.agents.iter();
        let serving = agents.filter(|(_, member)| member.agent.queues.contains(&self.place.queue));
        let mut reasons: Vec<_> = serving
            .map(|(id, member)| (id, member, self.reason(id, member)))
            .collect();
        let mut stay = reasons.iter();
        let stays = stay.any(|(id, member, reason)| self.stays_with(id, member, *reason));
        for (id, _, reason) in &mut reasons {
            if stays && reason.is_none() && !self.is_preferred(id) {
                *reason = Some(Reason::NotPreferred);
            }
        }
        let can = |reason: Option<Reason>| matches!(reason, None | Some(Reason::InFlight));
        let mut is_lifted = false;
        if !stays && !reasons.iter().any(|(_, _, reason)| can(*reason)) {
            for (id, _, reason) in &mut reasons {
                if *reason == Some(Reason::RefusedBefore) && !self.desk.holds.has_agent(id) {
                    *reason = None;
                    is_lifted = true;
                }
            }
        }
        let mut found = Vec::new();
        let mut excluded = BTreeMap::new();
        for (id, member, reason) in reasons {
            match reason {
                None => found.push((self.key(id, member), id.clone())),
                Some(reason) => *excluded.entry(reason).or_default() += 1,
            }
        }
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        (
            found.into_iter().map(|(_, id)| id).collect(),
            excluded,
            is_lifted,
        )
    }
}

fn naive<'a>(scene: &'a Scene, desk: &'a Desk, id: &'a ConversationId) -> Option<Naive<'a>> {
    let conversation = &desk.conversations.get(id)?.conversation;
    let place = conversation.waits()?;
    Some(Naive {
        desk,
        id,
        conversation,
        place,
        queue: &desk.queues[&place.queue],
        now: scene.now(),
    })
}

fn check_plans(scene: &Scene, desk: &Desk) -> Result<(), TestCaseError> {
    for id in desk.conversations.keys() {
        let Ok(plan) = scene.floor.plan(&tenant(), id, scene.now()) else {
            let waits = naive(scene, desk, id).is_some();
            prop_assert!(!waits || desk.holds.has_conversation(id));
            continue;
        };
        let (found, excluded, is_lifted) = naive(scene, desk, id).unwrap().match_all();
        let asked: Vec<_> = plan
            .asked()
            .iter()
            .map(|asked| asked.agent_id.clone())
            .collect();
        prop_assert_eq!(asked, found.clone());
        let mut named = BTreeMap::new();
        for exclusion in &plan.record.exclusions {
            *named.entry(exclusion.reason).or_default() += 1;
        }
        prop_assert_eq!(&named, &excluded, "all are named");
        prop_assert_eq!(plan.record.excluded, excluded);
        prop_assert_eq!(plan.record.cooldown_lifted, is_lifted);
        prop_assert_eq!(
            usize::try_from(plan.record.candidates_total).unwrap(),
            found.len()
        );
    }
    Ok(())
}

fn check_next(scene: &Scene, desk: &Desk, queue_id: &str) -> Result<(), TestCaseError> {
    let ids = desk.conversations.keys();
    let mut waiting: Vec<_> = ids
        .filter(|id| !desk.holds.has_conversation(id))
        .filter_map(|id| naive(scene, desk, id))
        .filter(|naive| naive.place.queue == queue(queue_id) && !naive.match_all().0.is_empty())
        .map(|naive| {
            let (place, settings) = (naive.place, &naive.queue.settings);
            let waited_s = (scene.now().micros() - place.enqueued_at.micros()) / 1_000_000;
            let boost = settings.intent_boost_s.values().sum::<u32>();
            let (is_late, score) = match settings.order {
                Order::Ageing => (false, waited_s + 60 * place.priority + i64::from(boost)),
                Order::Strict { max_wait_s } => {
                    let is_late = waited_s >= i64::from(max_wait_s.get());
                    (is_late, if is_late { 0 } else { place.priority })
                }
            };
            let tie = (place.enqueued_at, place.seq, naive.id.to_string());
            (!is_late, Reverse(score), tie)
        })
        .collect();
    waiting.sort();
    let expected: Vec<_> = waiting.into_iter().map(|(_, _, tie)| tie.2).collect();
    prop_assert_eq!(scene.next(queue_id), expected);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn indices_agree_with_looking_at_everybody(
        steps in crate::floor::tests::steps(80),
        acts in prop::collection::vec(any::<bool>(), 80),
    ) {
        let mut scene = Scene::morning();
        for (step, acts) in steps.iter().zip(acts) {
            scene.step(step);
            if acts {
                scene.act(step);
            }
            let Some(desk) = scene.floor.desk(&tenant()) else { continue };
            check_plans(&scene, desk)?;
            check_next(&scene, desk, "FX")?;
            check_next(&scene, desk, "VIP")?;
        }
    }
}

/// Queues whose next conversations include a new one.
fn news(before: &[Vec<String>; 2], after: &[Vec<String>; 2]) -> Vec<&'static str> {
    let queues = ["FX", "VIP"].into_iter().zip(before.iter().zip(after));
    let news = queues.filter(|(_, (before, after))| after.iter().any(|id| !before.contains(id)));
    news.map(|(queue, _)| queue).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn queue_with_somebody_new_to_be_served_is_woken(
        steps in crate::floor::tests::steps(80),
        acts in prop::collection::vec(any::<bool>(), 80),
    ) {
        let mut scene = Scene::morning();
        let mut before = [Vec::new(), Vec::new()];
        for (step, acts) in steps.iter().zip(acts) {
            if acts {
                scene.act(step);
            } else {
                scene.step(step);
            }
            drop(scene.floor.due(scene.now()));
            let after = ["FX", "VIP"].map(|queue| scene.next(queue));
            let woken = scene.woken();
            for queue in news(&before, &after) {
                prop_assert!(woken.iter().any(|woken| woken == queue), "{:?}", step);
            }
            before = after;
        }
    }
}

#[test]
fn many_candidates_are_counted_and_the_first_named() {
    let mut scene = Scene::default();
    for number in 0..60 {
        scene.ready(
            &format!("A-{number:02}"),
            &["FX"],
            serde_json::json!({"fx": 1}),
        );
    }
    scene.waits("C-1", "FX", &["fx"]);
    let plan = scene.plan("C-1").unwrap();
    assert_eq!(plan.asked().len(), 16);
    assert_eq!(plan.record.candidates_total, 60);
    assert_eq!(plan.record.conversation_id, conversation("C-1"));
}
