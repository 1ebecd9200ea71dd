//! A context of orders, and an effect that sends each request of one to a bank.

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use kernel::context::Reacted;
use kernel::effect::{Answer, Call};
use kernel::route::CommandRoute;
use kernel::{Accepted, Code, Context, Effect, EventMeta, Kind, Rejection, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Notes what it is given, twice if it is given it twice: that nothing comes twice is not its doing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Order;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub(crate) enum OrderCommand {
    Request { n: u64 },
    RecordAnswer { n: u64, answer: String },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub(crate) enum OrderEvent {
    Requested { n: u64 },
    Answered { n: u64, answer: String },
}

impl DomainEvent for OrderEvent {
    fn event_type(&self) -> String {
        match self {
            Self::Requested { .. } => "Requested",
            Self::Answered { .. } => "Answered",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

/// There is none.
#[derive(Clone, Debug, thiserror::Error)]
#[error("refused")]
pub(crate) struct Never;

const NEVER: Code = Code::new("NEVER", Kind::Conflict);

impl Rejection for Never {
    const CODES: &'static [Code] = &[NEVER];

    fn code(&self) -> Code {
        NEVER
    }
}

impl Aggregate for Order {
    const TYPE: &'static str = "order";
    type Command = Accepted<OrderCommand>;
    type Event = OrderEvent;
    type Error = Never;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), Never> {
        for event in self.decide(&command, &())? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, _: OrderEvent) {}
}

impl Context for Order {
    const NAME: &'static str = "orders";
    const SHAPE: u16 = 1;
    const COMMANDS: &'static [CommandRoute] = &[];
    const INTERNAL: &'static [&'static str] = &["RecordAnswer"];
    type Input = OrderCommand;

    fn decide(&self, accepted: &Accepted<OrderCommand>, (): &()) -> Result<Vec<OrderEvent>, Never> {
        Ok(vec![match accepted.command.clone() {
            OrderCommand::Request { n } => OrderEvent::Requested { n },
            OrderCommand::RecordAnswer { n, answer } => OrderEvent::Answered { n, answer },
        }])
    }
}

/// Sends each request to the bank. Before it is mended, one number is more than it can do.
#[derive(Clone, Debug)]
pub(crate) struct RequestsToBank {
    pub(crate) mended: bool,
    pub(crate) since: Timestamp,
}

pub(crate) const PANICS: u64 = 666;
/// A call of 1 KiB.
pub(crate) const LONG: u64 = 1_024;

impl Effect for RequestsToBank {
    const NAME: &'static str = "requests-to-bank";
    const PROGRESS: &'static str = "requests_to_bank";
    const ON: &'static str = "orders";
    const OUTSIDE: &'static str = "bank";
    type To = Order;
    type Event = OrderEvent;

    fn wants(&self, event_type: &str) -> bool {
        event_type == "Requested"
    }

    fn since(&self) -> Timestamp {
        self.since
    }

    fn calls(&self, meta: &EventMeta, event: OrderEvent) -> Vec<Call> {
        let OrderEvent::Requested { n } = event else {
            return Vec::new();
        };
        assert!(self.mended || n != PANICS);
        let padding = if n == LONG {
            "x".repeat(1_024)
        } else {
            String::new()
        };
        let order = meta.aggregate.as_str();
        let body = serde_json::json!({ "order": order, "n": n, "padding": padding });
        vec![Call {
            operation: "v1/orders".into(),
            body: body.to_string().into(),
        }]
    }

    fn outcome(&self, meta: &EventMeta, call: &Call, answer: &Answer) -> Reacted<Order> {
        let sent: serde_json::Value = serde_json::from_slice(&call.body).unwrap();
        let answer = match answer {
            Answer::Done(body) => String::from_utf8_lossy(body).into_owned(),
            Answer::Refused { code, detail } => format!("refused {code} {detail}"),
        };
        Reacted {
            tenant: meta.tenant.clone(),
            to: meta.aggregate.clone(),
            command: OrderCommand::RecordAnswer {
                n: sent["n"].as_u64().unwrap(),
                answer,
            },
        }
    }
}
