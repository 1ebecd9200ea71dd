//! Scenes: events as they are in records, and the resulting figures.

mod agents;
mod asks;
mod clock;
mod contacts;
mod handling;
mod kept;
mod laws;
mod levels;
mod lives;
mod responses;
mod teams;
mod waits;
mod wire;
mod zones;

use std::collections::HashMap;

use kernel::{CommandId, EventId, EventMeta, Parameters, Tenant, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Ask, Metrics};

/// Midnight of the day on which all scenes play; seconds count from here.
const DAY: &str = "2026-03-02T00:00:00Z";

/// Seconds into the day.
fn at(second: i64) -> Timestamp {
    let day: Timestamp = DAY.parse().unwrap();
    Timestamp::from_micros(day.micros() + second * 1_000_000)
}

fn tenant() -> Tenant {
    "demo".parse().unwrap()
}

/// One event of a stream.
#[derive(Clone, Debug)]
struct Event {
    context: &'static str,
    id: String,
    sequence: u64,
    second: i64,
    kind: String,
    data: Value,
}

#[derive(Default)]
struct Scene {
    metrics: Metrics,
    sequences: HashMap<String, u64>,
}

impl Scene {
    fn feed(&mut self, event: &Event) {
        let command = CommandId(Uuid::nil());
        let actor = event.data["actor"].as_str().unwrap_or("amy");
        let meta = EventMeta {
            id: EventId::of(command, 0),
            command,
            tenant: tenant(),
            aggregate: event.id.parse().unwrap(),
            sequence: event.sequence,
            at: at(event.second),
            actor: actor.parse().unwrap(),
            correlation: None,
            causation: None,
            v: 1,
            kind: event.kind.as_str().into(),
            log_position: 1,
        };
        assert!(Metrics::wants(event.context, &event.kind), "{event:?}");
        let record = json!({ "type": event.kind, "data": event.data });
        match event.context {
            "agents" => self
                .metrics
                .agent(&meta, serde_json::from_value(record).unwrap()),
            "queues" => self
                .metrics
                .queue(&meta, serde_json::from_value(record).unwrap()),
            _ => {
                let event = serde_json::from_value(record).unwrap();
                self.metrics.conversation(&meta, event);
            }
        }
    }

    fn next(&mut self, context: &'static str, id: &str, second: i64, kind: &str, data: Value) {
        let sequence = self.sequences.entry(id.to_owned()).or_default();
        *sequence += 1;
        let mut data = data;
        if context == "conversations" {
            data["at"] = json!(at(second));
        }
        let event = Event {
            context,
            id: id.to_owned(),
            sequence: *sequence,
            second,
            kind: kind.to_owned(),
            data,
        };
        self.feed(&event);
    }

    /// An event of a conversation.
    fn says(&mut self, id: &str, second: i64, kind: &str, data: Value) -> &mut Self {
        self.next("conversations", id, second, kind, data);
        self
    }

    /// An event of a conversation without data.
    fn then(&mut self, id: &str, second: i64, kind: &str) -> &mut Self {
        self.says(id, second, kind, json!({}))
    }

    /// An event of an agent.
    fn does(&mut self, id: &str, second: i64, kind: &str, data: Value) -> &mut Self {
        self.next("agents", id, second, kind, data);
        self
    }

    /// Configures a queue, by whose clocks its days are.
    fn keeps_time(&mut self, queue: &str, zone: &str) -> &mut Self {
        let data = json!({ "queue_id": queue, "settings": { "zone": zone, "cost": 1 } });
        self.next("queues", queue, 0, "QueueConfigured", data);
        self
    }

    fn opens(&mut self, id: &str, second: i64, customer: &str) -> &mut Self {
        let data = json!({ "customer_id": customer, "channel": "voice", "intent": "quote" });
        self.says(id, second, "ConversationCreated", data)
    }

    fn queues(&mut self, id: &str, second: i64, queue: &str, cause: &str) -> &mut Self {
        let data = json!({ "queue": queue, "cause": cause, "enqueued_at": at(second) });
        self.says(id, second, "Queued", data)
    }

    /// A customer of their own comes to the queue `fx`.
    fn comes(&mut self, id: &str, second: i64) -> &mut Self {
        let customer = format!("customer-of-{id}");
        self.opens(id, second, &customer)
            .queues(id, second, "fx", "enqueued")
    }

    /// Comes to the queue `fx` under the promise of an answer within 20 seconds.
    fn is_promised(&mut self, id: &str, second: i64) -> &mut Self {
        let queued = json!({
            "queue": "fx", "cause": "enqueued", "enqueued_at": at(second), "answer_within_ms": 20_000,
        });
        self.opens(id, second, id)
            .says(id, second, "Queued", queued)
    }

    /// To amy, who is also the actor unless the event names another.
    fn connects(&mut self, id: &str, second: i64, wait_s: u64) -> &mut Self {
        let data = json!({ "agent_id": "amy", "wait_ms": wait_s * 1_000 });
        self.says(id, second, "Connected", data)
    }

    fn abandons(&mut self, id: &str, second: i64, wait_s: u64) -> &mut Self {
        let data = json!({ "wait_ms": wait_s * 1_000, "short": wait_s <= 5 });
        self.says(id, second, "Abandoned", data)
    }

    fn ends(&mut self, id: &str, second: i64, wrap_up_s: u32) -> &mut Self {
        self.says(id, second, "Ended", json!({ "wrap_up_s": wrap_up_s }))
    }

    fn asked(&self, query: &str, now: i64) -> Ask {
        let question = self
            .metrics
            .question(&tenant(), &parameters(query), at(now));
        question.unwrap()
    }

    /// All rows, asked for with a query string, when so many seconds of the day are over.
    fn rows(&self, query: &str, now: i64) -> Vec<Value> {
        let ask = self.asked(query, now);
        let report = self.metrics.report(&tenant(), &ask, at(now));
        let rows = serde_json::to_value(report).unwrap()["rows"].take();
        serde_json::from_value(rows).unwrap()
    }

    /// The total of the day.
    fn total(&self, query: &str, now: i64) -> Value {
        self.rows(query, now).remove(0)
    }
}

fn parameters(query: &str) -> Parameters {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Parameters(
        pairs
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
    )
}

/// Numerator and denominator of a figure.
fn ratio(figure: &Value) -> (u64, u64) {
    let part = |name: &str| figure[name].as_u64().unwrap();
    (part("numerator"), part("denominator"))
}

fn number(figure: &Value) -> u64 {
    figure.as_u64().unwrap()
}
