//! Scenes made of other contexts' events.

mod due;
mod hold;
mod interleaving;
mod kept;
mod silence;
mod starvation;
mod view;
mod woken;

use std::collections::BTreeMap;

use kernel::{CommandId, EventId, EventMeta, Tenant, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Floor, FloorEvent};
use crate::label::{AgentId, ConversationId, OfferId, QueueId};
use crate::plan::{Plan, Unmatchable};
pub(crate) use interleaving::steps;

/// A floor, the time, and every event it was given.
#[derive(Default)]
pub(crate) struct Scene {
    pub(crate) floor: Floor,
    now_ms: i64,
    sequences: BTreeMap<String, u64>,
    pub(crate) sent: Vec<(EventMeta, Option<FloorEvent>)>,
}

pub(crate) fn tenant() -> Tenant {
    "demo".parse().unwrap()
}

pub(crate) fn agent(id: &str) -> AgentId {
    id.parse().unwrap()
}

pub(crate) fn conversation(id: &str) -> ConversationId {
    id.parse().unwrap()
}

pub(crate) fn offer(id: &str) -> OfferId {
    id.parse().unwrap()
}

pub(crate) fn queue(id: &str) -> QueueId {
    id.parse().unwrap()
}

fn event<E: DeserializeOwned>(kind: &str, data: &Value) -> E {
    serde_json::from_value(json!({"type": kind, "data": data})).unwrap()
}

impl Scene {
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now_ms)
    }

    pub(crate) fn wait(&mut self, seconds: i64) {
        self.now_ms += seconds * 1_000;
    }

    pub(crate) fn at(&self, seconds: i64) -> Timestamp {
        Timestamp::from_millis(self.now_ms + seconds * 1_000)
    }

    pub(crate) fn tell(&mut self, context: &str, id: &str, kind: &str, data: Value) {
        let sequence = self.sequences.entry(format!("{context}/{id}")).or_default();
        *sequence += 1;
        let command = CommandId(Uuid::nil());
        let meta = EventMeta {
            id: EventId::of(command, 0),
            command,
            tenant: tenant(),
            aggregate: id.parse().unwrap(),
            sequence: *sequence,
            at: self.now(),
            actor: "matcher".parse().unwrap(),
            correlation: None,
            causation: None,
            v: 1,
            kind: kind.into(),
            log_position: u64::try_from(self.sent.len()).unwrap() + 1,
        };
        let event = Floor::wants(context, kind).then(|| match context {
            "agents" => FloorEvent::Agent(event(kind, &data)),
            "conversations" => FloorEvent::Conversation(event(kind, &data)),
            _ => FloorEvent::Queue(event(kind, &data)),
        });
        match event.clone() {
            Some(event) => self.floor.apply(0, &meta, event),
            None => self.floor.pass(context, 0, &meta),
        }
        self.sent.push((meta, event));
    }

    pub(crate) fn agent(&mut self, id: &str, kind: &str, data: Value) {
        self.tell("agents", id, kind, data);
    }

    pub(crate) fn conversation(&mut self, id: &str, kind: &str, mut data: Value) {
        data["at"] = json!(self.now());
        self.tell("conversations", id, kind, data);
    }

    pub(crate) fn configure(&mut self, id: &str, settings: Value) {
        let data = json!({"queue_id": id, "settings": settings});
        self.tell("queues", id, "QueueConfigured", data);
    }

    /// An agent of the queues who takes two chats or one call at a time.
    pub(crate) fn ready(&mut self, id: &str, queues: &[&str], skills: Value) {
        let channels = ["voice", "chat"];
        self.agent(
            id,
            "SessionStarted",
            json!({"session_id": "S", "device": "d", "channels": channels}),
        );
        self.agent(
            id,
            "CapacityChanged",
            json!({"channels": {"voice": 1, "chat": 2}}),
        );
        self.agent(id, "SkillsChanged", json!({"skills": skills}));
        self.agent(id, "QueuesChanged", json!({"queues": queues}));
        self.presence(id, "available");
    }

    pub(crate) fn presence(&mut self, id: &str, presence: &str) {
        self.agent(
            id,
            "PresenceChanged",
            json!({"presence": presence, "source": "agent"}),
        );
    }

    /// A call waits.
    pub(crate) fn waits(&mut self, id: &str, queue: &str, skills: &[&str]) {
        self.waits_with(id, queue, "voice", json!({"requirements": skills}));
    }

    pub(crate) fn waits_with(&mut self, id: &str, queue: &str, channel: &str, more: Value) {
        let opened = json!({"channel": channel, "intent": "quote"});
        self.conversation(id, "ConversationCreated", opened);
        self.queued(id, queue, more);
    }

    pub(crate) fn queued(&mut self, id: &str, queue: &str, more: Value) {
        let mut queued = json!({
            "cause": "enqueued", "queue": queue, "requirements": [], "priority": 0,
            "enqueued_at": self.now(), "seq": 1, "hops": 0,
        });
        for (key, value) in more.as_object().unwrap() {
            queued[key] = value.clone();
        }
        self.conversation(id, "Queued", queued);
    }

    pub(crate) fn reserve(&mut self, agent: &str, conversation: &str, channel: &str) {
        let (offer, expires_at) = (format!("O-{conversation}-{agent}"), self.at(35));
        let data = json!({
            "offer_id": offer, "conversation_id": conversation, "channel": channel, "cost": 1,
            "expires_at": expires_at,
        });
        self.agent(agent, "SlotReserved", data);
    }

    pub(crate) fn slot(&mut self, agent: &str, conversation: &str, kind: &str) {
        let offer = format!("O-{conversation}-{agent}");
        let data = json!({
            "offer_id": offer, "conversation_id": conversation, "cause": "completed",
            "phase": "active", "deadline": self.at(60), "budget_s": 60,
            "disposition_required": false,
        });
        self.agent(agent, kind, data);
    }

    /// Something about the offer of the conversation to the agent.
    pub(crate) fn offer(&mut self, conversation: &str, agent: &str, kind: &str) {
        let data = json!({
            "offer_id": format!("O-{conversation}-{agent}"), "agent_id": agent,
            "decision_id": "D-1", "ttl_ms": 20_000, "expires_at": self.at(20), "reason": "no",
            "cause": "other_won", "state": "CLOSED",
        });
        self.conversation(conversation, kind, data);
    }

    pub(crate) fn hold(&mut self, conversation: &str, agent: &str) {
        let offer = offer(&format!("O-{conversation}-{agent}"));
        let (conversation, agent) = (self::conversation(conversation), self::agent(agent));
        self.floor.hold(&tenant(), &conversation, &agent, &offer);
    }

    pub(crate) fn reserved(&mut self, conversation: &str, agent: &str, version: u64) {
        let offer = offer(&format!("O-{conversation}-{agent}"));
        let (conversation, agent) = (self::conversation(conversation), self::agent(agent));
        let floor = &mut self.floor;
        floor.reserved(&tenant(), &conversation, &agent, &offer, version);
    }

    pub(crate) fn release(&mut self, conversation: &str, agent: &str) {
        let offer = offer(&format!("O-{conversation}-{agent}"));
        let (conversation, agent) = (self::conversation(conversation), self::agent(agent));
        self.floor.release(&tenant(), &conversation, &agent, &offer);
    }

    pub(crate) fn plan(&self, id: &str) -> Result<Plan, Unmatchable> {
        self.floor.plan(&tenant(), &conversation(id), self.now())
    }

    /// Those who are asked, in order.
    pub(crate) fn asked(&self, id: &str) -> Vec<String> {
        let plan = self.plan(id).unwrap();
        let asked = plan.asked().iter();
        asked
            .map(|candidate| candidate.agent_id.to_string())
            .collect()
    }

    pub(crate) fn next(&self, id: &str) -> Vec<String> {
        let next = self
            .floor
            .next(&tenant(), &queue(id), self.now(), &|_, _| true, 100);
        next.iter().map(ToString::to_string).collect()
    }

    pub(crate) fn woken(&mut self) -> Vec<String> {
        let woken = self.floor.take_woken().into_iter();
        woken.map(|(_, queue)| queue.to_string()).collect()
    }

    pub(crate) fn shown(&self) -> String {
        serde_json::to_string_pretty(&self.floor.show(&tenant(), self.now())).unwrap()
    }
}
