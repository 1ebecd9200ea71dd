use std::collections::{BTreeMap, VecDeque};

use kernel::EventMeta;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::Scene;
use crate::floor::{Floor, FloorEvent};

const AGENTS: [&str; 5] = ["ann", "bob", "cid", "dee", "eve"];
const CONVERSATIONS: [&str; 6] = ["C-1", "C-2", "C-3", "C-4", "C-5", "C-6"];
pub(crate) const QUEUES: [&str; 2] = ["FX", "VIP"];
const CHANNELS: [&str; 2] = ["voice", "chat"];

/// Something that happens to the `a`th agent and the `c`th conversation; `x` varies it.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    what: usize,
    a: usize,
    c: usize,
    x: u64,
    after_s: i64,
}

pub(crate) fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..30_usize,
        0..AGENTS.len(),
        0..CONVERSATIONS.len(),
        0..64_u64,
        0..9_i64,
    );
    let step = step.prop_map(|(what, a, c, x, after_s)| Step {
        what,
        a,
        c,
        x,
        after_s,
    });
    prop::collection::vec(step, 0..most)
}

fn few<'a>(of: &[&'a str], x: u64) -> Vec<&'a str> {
    let chosen = of.iter().zip(0..).filter(|(_, bit)| x >> bit & 1 == 1);
    chosen.map(|(name, _)| *name).collect()
}

fn settings(x: u64) -> Value {
    let strategies = [
        json!("longest_idle"),
        json!("least_loaded"),
        json!("round_robin"),
        json!("proficiency"),
        json!({"ring": 3}),
        json!("sticky"),
    ];
    let orders = [json!("ageing"), json!({"strict": {"max_wait_s": 40}})];
    let strategy = &strategies[usize::try_from(x % 6).unwrap()];
    let rest = x / 6;
    let order = &orders[usize::try_from(rest % 2).unwrap()];
    json!({
        "strategy": strategy, "order": order, "cost": x % 7 / 6 + 1, "cooldown_s": rest % 3 * 10,
        "skill_weights": {"de": x + 1}, "intent_boost_s": {"quote": x},
        "relaxations": [{"after_s": x + 1, "dropped": ["de"]}],
        "overflow": {"after_s": x + 20, "queue": QUEUES[usize::try_from(x % 2).unwrap()]},
    })
}

impl Scene {
    /// Any event at any time: the rules of the others are theirs to keep.
    pub(crate) fn step(&mut self, step: &Step) {
        self.wait(step.after_s);
        let (agent, conversation, x) = (AGENTS[step.a], CONVERSATIONS[step.c], step.x);
        let queue = QUEUES[usize::try_from(x % 2).unwrap()];
        let channel = CHANNELS[usize::try_from(x / 2 % 2).unwrap()];
        match step.what {
            0..=2 => self.ready(agent, &QUEUES, json!({"fx": x + 1, "de": 65 - x})),
            3 => {
                let levels = few(&["fx", "de", "vip"], x)
                    .into_iter()
                    .map(|skill| (skill, x + 1));
                let skills: BTreeMap<_, _> = levels.collect();
                self.agent(agent, "SkillsChanged", json!({"skills": skills}));
            }
            4 => self.agent(agent, "QueuesChanged", json!({"queues": few(&QUEUES, x)})),
            5 => {
                let channels = json!({"channels": {"voice": x % 4, "chat": x % 5}});
                self.agent(agent, "CapacityChanged", channels);
            }
            6 => self.presence(agent, ["available", "away", "offline", "busy"][step.c % 4]),
            7 => {
                let lost = json!({"session_id": "S", "grace_until": self.at(60)});
                self.agent(agent, "LinkLost", lost);
            }
            8 => self.agent(agent, "LinkRestored", json!({"session_id": "S"})),
            9 => {
                let ready_at = (x % 2 == 0).then(|| self.at(30));
                let suspended = json!({"reason": "cooldown", "ready_at": ready_at});
                self.agent(agent, "RoutingSuspended", suspended);
            }
            10 => self.agent(agent, "RoutingResumed", json!({})),
            11 => {
                let next = (x % 2 == 0).then(|| json!({"presence": "away"}));
                self.agent(agent, "NextPresenceSet", json!({"next": next}));
            }
            12..=13 => {
                self.reserve(agent, conversation, channel);
                let matched = json!({"offer_id": "O", "conversation_id": conversation, "decision_id": "D", "queue": queue, "ttl_ms": 1, "parallel_max": 1});
                self.agent(agent, "AgentMatched", matched);
            }
            14 => {
                let kinds = ["SlotActivated", "SlotHeld", "SlotResumed", "WrapUpStarted"];
                self.slot(agent, conversation, kinds[usize::try_from(x % 4).unwrap()]);
            }
            15 => self.slot(agent, conversation, "SlotReleased"),
            16..=19 => {
                let sticky = (x % 3 == 0).then(|| json!({"agent_id": agent, "until": self.at(30)}));
                let more = json!({
                    "requirements": few(&["fx", "de", "vip"], x & (x >> 3)), "priority": x % 3,
                    "seq": x, "sticky": sticky,
                });
                self.waits_with(conversation, queue, channel, more);
            }
            20 => self.offer(conversation, agent, "Offered"),
            21 => {
                let kinds = [
                    "OfferRejected",
                    "OfferExpired",
                    "OfferRescinded",
                    "OfferAccepted",
                ];
                self.offer(conversation, agent, kinds[usize::try_from(x % 4).unwrap()]);
            }
            22 => self.conversation(conversation, "PriorityChanged", json!({"priority": x})),
            23 => {
                let relaxed = json!({"ring": 1, "requirements": few(&["fx"], x)});
                self.conversation(conversation, "RequirementsRelaxed", relaxed);
            }
            24 => self.conversation(conversation, "Overflowed", json!({"queue": queue})),
            25 => {
                let kinds = ["Abandoned", "Connected", "Reopened", "Parked"];
                let kind = kinds[usize::try_from(x % 4).unwrap()];
                self.conversation(conversation, kind, json!({}));
            }
            26 => self.configure(queue, settings(x)),
            27 => {
                let by = json!({"voice": few(&CHANNELS, x), "chat": few(&CHANNELS, x / 4)});
                let rules = if x % 3 == 0 { json!({}) } else { by };
                self.agent(
                    agent,
                    "InterruptionsChanged",
                    json!({"interruptible_by": rules}),
                );
            }
            28 => self.agent(agent, "SessionEnded", json!({"session_id": "S"})),
            _ => self.conversation(conversation, "MessageReceived", json!({})),
        }
    }

    /// A morning on which all have come.
    pub(crate) fn morning() -> Self {
        let mut scene = Self::default();
        for agent in AGENTS {
            scene.ready(agent, &QUEUES, json!({"fx": 3, "de": 7}));
            scene.agent(
                agent,
                "CapacityChanged",
                json!({"channels": {"voice": 3, "chat": 4}}),
            );
        }
        scene
    }

    /// What only this process does.
    pub(crate) fn act(&mut self, step: &Step) {
        let (agent, conversation) = (AGENTS[step.a], CONVERSATIONS[step.c]);
        match step.x % 5 {
            0 => self.hold(conversation, agent),
            1 => self.reserved(conversation, agent, step.x),
            _ => CONVERSATIONS
                .iter()
                .for_each(|conversation| self.release(conversation, agent)),
        }
    }
}

pub(super) type Sent = (EventMeta, Option<FloorEvent>);

/// The same streams, woven otherwise.
pub(super) fn woven(sent: &[Sent], choices: &[Index]) -> Vec<Sent> {
    let mut streams: BTreeMap<String, VecDeque<Sent>> = BTreeMap::new();
    for (meta, event) in sent {
        let kind = match event {
            Some(FloorEvent::Agent(_)) => "a",
            Some(FloorEvent::Queue(_)) => "q",
            Some(FloorEvent::Conversation(_)) | None => "c",
        };
        let stream = streams.entry(format!("{kind}/{}", meta.aggregate));
        stream.or_default().push_back((meta.clone(), event.clone()));
    }
    let mut woven = Vec::new();
    for choice in choices.iter().cycle().take(sent.len()) {
        let names: Vec<_> = streams.keys().cloned().collect();
        let name = &names[choice.index(names.len())];
        let stream = streams.get_mut(name).unwrap();
        woven.push(stream.pop_front().unwrap());
        if stream.is_empty() {
            streams.remove(name);
        }
    }
    woven
}

proptest! {
    #[test]
    fn floor_does_not_depend_on_how_streams_are_woven(
        steps in steps(60),
        choices in prop::collection::vec(any::<Index>(), 1..200),
    ) {
        let mut scene = Scene::morning();
        for step in &steps {
            scene.step(step);
        }
        let mut floor = Floor::default();
        for (meta, event) in woven(&scene.sent, &choices) {
            match event {
                Some(event) => floor.apply(0, &meta, event),
                None => floor.pass("conversations", 0, &meta),
            }
        }
        let shown = scene.shown();
        let sent = std::mem::take(&mut scene.sent);
        scene.floor = floor;
        prop_assert_eq!(scene.shown(), shown, "{:?}", sent);
    }
}
