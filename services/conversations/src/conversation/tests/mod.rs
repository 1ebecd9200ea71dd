//! What the tests speak of: one conversation, its customer, and agents `A-1`, `A-2` and `A-3`.

mod carrying;
mod customer;
mod edge;
mod ending;
mod follow_up;
mod handling;
mod law;
mod matrix;
mod message;
mod offering;
mod page;
mod queueing;
mod receipt;
mod timers;
mod viewing;
mod wire;

use cqrs_es::Aggregate;
use kernel::{Accepted, AggregateId, Context, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::command::ConversationCommand as C;
use super::event::ConversationEvent as E;
use super::stage::{CloseReason, ConversationState as State, Stage};
use super::*;

/// A conversation in the making: it decides and applies as the pipeline does, a second per command.
#[derive(Clone, Default)]
struct Story {
    conversation: Conversation,
    log: Vec<E>,
    /// Seconds since the start.
    second: i64,
}

impl Story {
    fn at(mut self, second: i64) -> Self {
        self.second = second;
        self
    }

    fn decide(&self, name: &str, data: &Value) -> Result<Vec<E>, ConversationRejection> {
        let accepted = accepted(self.second, command(name, data.clone()));
        self.conversation.decide(&accepted, &())
    }

    fn send(&mut self, command: C) -> Result<Vec<E>, ConversationRejection> {
        let accepted = accepted(self.second, command);
        self.second += 1;
        let events = self.conversation.decide(&accepted, &())?;
        for event in &events {
            self.conversation.apply(event.clone());
        }
        self.log.extend(events.clone());
        Ok(events)
    }

    /// The command is accepted and gives these events.
    #[track_caller]
    fn when(mut self, name: &str, data: Value, expected: &[&str]) -> Self {
        let events = self.send(command(name, data)).unwrap();
        let names: Vec<_> = events.iter().map(E::name).collect();
        assert_eq!(names, expected, "{name}");
        self
    }

    /// The command is refused and changes nothing.
    #[track_caller]
    fn refused(self, name: &str, data: Value, code: kernel::Code) -> Self {
        let decided = self.decide(name, &data);
        let refused = decided.map_err(|rejection| kernel::Rejection::code(&rejection));
        assert_eq!(refused, Err(code), "{name}");
        self
    }

    #[track_caller]
    fn invalid(self, name: &str, data: Value) -> Self {
        self.refused(name, data, ConversationRejection::INVALID_TRANSITION)
    }

    #[track_caller]
    fn is(self, state: State) -> Self {
        assert_eq!(self.conversation.state(), state);
        self
    }

    /// The data of the latest event of that name.
    #[track_caller]
    fn data(&self, name: &str) -> Value {
        let mut log = self.log.iter();
        let event = log.rfind(|event| event.name() == name).unwrap();
        serde_json::to_value(event).unwrap()["data"].clone()
    }

    fn close_reason(&self) -> Option<CloseReason> {
        match &self.conversation.stage {
            Stage::Closed(closing) => Some(closing.reason),
            _ => None,
        }
    }
}

fn id() -> AggregateId {
    "C-1".parse().unwrap()
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

fn accepted(second: i64, command: C) -> Accepted<C> {
    Accepted {
        id: id(),
        actor: "desk".parse().unwrap(),
        identity: None,
        at: time(second),
        command,
    }
}

fn read<T: DeserializeOwned>(name: &str, data: Value) -> T {
    serde_json::from_value(json!({ "type": name, "data": data })).unwrap()
}

fn command(name: &str, data: Value) -> C {
    read(name, data)
}

fn opening() -> Value {
    json!({ "customer_id": "acme", "channel": "chat", "intent": "quote", "priority": 5 })
}

fn created() -> Story {
    Story::default().when("Create", opening(), &["ConversationCreated"])
}

fn bot() -> Story {
    created().when("RouteToBot", json!({}), &["BotEngaged"])
}

fn enqueue() -> Value {
    json!({ "queue": "fx", "requirements": ["lang:de", "product:fxo"], "priority": 7 })
}

/// Waits since second 1.
fn queued() -> Story {
    created().when("Enqueue", enqueue(), &["Queued"])
}

fn offer(n: u32, agent: u32, parallel_max: u32) -> Value {
    json!({
        "offer_id": format!("O-{n}"), "agent_id": format!("A-{agent}"), "decision_id": "D-1",
        "ttl_ms": 20_000, "parallel_max": parallel_max,
    })
}

fn of_offer(n: u32) -> Value {
    json!({ "offer_id": format!("O-{n}") })
}

fn offered() -> Story {
    queued().when("MarkOffered", offer(1, 1, 1), &["Offered"])
}

fn two_offered() -> Story {
    queued()
        .when("MarkOffered", offer(1, 1, 2), &["Offered"])
        .when("MarkOffered", offer(2, 2, 2), &["Offered"])
}

fn accepting() -> Story {
    offered().when("AcceptOffer", of_offer(1), &["OfferAccepting"])
}

fn active() -> Story {
    accepting().when("ConnectOffer", of_offer(1), &["OfferAccepted", "Connected"])
}

fn consulting() -> Story {
    asking().when("ConnectOffer", of_offer(9), &["ConsultConnected"])
}

/// The consulted agent has not answered.
fn asking() -> Story {
    active().when(
        "Consult",
        json!({ "target": "A-2", "offer_id": "O-9" }),
        &["ConsultStarted"],
    )
}

fn parked() -> Story {
    active().when(
        "Park",
        json!({ "until": "1970-01-01T01:00:00Z" }),
        &["Parked"],
    )
}

fn request_callback() -> Value {
    json!({ "callback_at": "1970-01-01T01:00:00Z", "number": "+41445550100" })
}

fn callback() -> Story {
    queued().when(
        "RequestCallback",
        request_callback(),
        &["CallbackRequested"],
    )
}

fn wrapping_up() -> Story {
    let end = json!({ "by": "agent", "wrap_up_s": 60, "disposition_required": true });
    active().when("End", end, &["Ended"])
}

fn closed() -> Story {
    let codes = json!({ "agent_id": "A-1", "codes": ["traded"] });
    wrapping_up().when("CompleteWrapUp", codes, &["Disposed"])
}

fn inbound(id: &str, body: &str) -> Value {
    json!({ "provider_message_id": id, "channel": "chat", "body": body })
}

/// What reached `C-1`, or the last of those it came through, when that was over.
fn carried(trail: &[&str], request: Value) -> Value {
    json!({
        "trail": trail, "request": request, "customer_id": "acme", "channel": "chat",
        "intent": "quote", "priority": 5, "queue": "fx", "requirements": ["lang:de"],
        "agent_id": "A-1",
    })
}

fn carried_message() -> Value {
    let at = "2026-03-02T15:30:00Z";
    let message = json!({
        "at": at, "provider_message_id": "m9", "channel": "chat", "body": "one more thing",
    });
    json!({ "type": "message", "data": message })
}

fn outbound(id: &str, recipients: &[&str]) -> Value {
    json!({ "client_message_id": id, "channel": "chat", "recipients": recipients, "body": "99.5" })
}

fn sent(id: &str, attempt: u32, provider_id: &str) -> Value {
    json!({
        "client_message_id": id, "attempt": attempt, "provider_message_id": provider_id,
        "sent_at": time(100),
    })
}

fn receipt(provider_id: &str, attempt: u32, recipient: &str, status: &str, second: i64) -> Value {
    json!({
        "provider_message_id": provider_id, "attempt": attempt, "recipient": recipient,
        "status": status, "at": time(second),
    })
}
