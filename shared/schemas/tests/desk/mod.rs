//! A context of any commands and events.

use std::marker::PhantomData;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use kernel::route::CommandRoute;
use kernel::{Accepted, Code, Context, Kind, Rejection};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Desk<I, E>(PhantomData<fn() -> (I, E)>);

impl<I, E> Default for Desk<I, E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("closed")]
pub(crate) struct Closed;

impl Rejection for Closed {
    const CODES: &'static [Code] = &[];

    fn code(&self) -> Code {
        Code::new("CLOSED", Kind::Conflict)
    }
}

pub(crate) trait Input:
    Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static
{
}
impl<T: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static> Input for T {}

impl<I: Input, E: DomainEvent + JsonSchema + 'static> Aggregate for Desk<I, E> {
    const TYPE: &'static str = "desk";
    type Command = Accepted<I>;
    type Event = E;
    type Error = Closed;
    type Services = ();

    async fn handle(
        &mut self,
        _command: Accepted<I>,
        _policy: &(),
        _sink: &EventSink<Self>,
    ) -> Result<(), Closed> {
        Err(Closed)
    }

    fn apply(&mut self, _event: E) {}
}

impl<I: Input, E: DomainEvent + JsonSchema + 'static> Context for Desk<I, E> {
    const NAME: &'static str = "desks";
    const SHAPE: u16 = 1;
    const COMMANDS: &'static [CommandRoute] = &[];
    type Input = I;

    fn decide(&self, _accepted: &Accepted<I>, _policy: &()) -> Result<Vec<E>, Closed> {
        Err(Closed)
    }
}

/// As it was shipped.
pub(crate) mod first {
    use super::{Deserialize, DomainEvent, JsonSchema, Serialize};

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "type", content = "data")]
    pub(crate) enum Order {
        Place(Place),
    }

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Place {
        units: u32,
        #[serde(default)]
        urgent: bool,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "type", content = "data")]
    pub(crate) enum Ordered {
        Placed { units: u32 },
    }

    impl DomainEvent for Ordered {
        fn event_type(&self) -> String {
            "Placed".to_owned()
        }
        fn event_version(&self) -> String {
            "1".to_owned()
        }
    }
}

/// The command gains a field that may be left out; the event gains one, and a version.
pub(crate) mod second {
    use super::{Deserialize, DomainEvent, JsonSchema, Serialize};

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "type", content = "data")]
    pub(crate) enum Order {
        Place(Place),
    }

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Place {
        units: u32,
        #[serde(default)]
        urgent: bool,
        #[serde(default)]
        limit: Option<u32>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "type", content = "data")]
    pub(crate) enum Ordered {
        Placed {
            units: u32,
            #[serde(default, skip_serializing_if = "Option::is_none")]
            by: Option<String>,
        },
    }

    impl DomainEvent for Ordered {
        fn event_type(&self) -> String {
            "Placed".to_owned()
        }
        fn event_version(&self) -> String {
            "2".to_owned()
        }
    }
}

/// The command forgets what it reads; the event has another name.
pub(crate) mod third {
    use super::{Deserialize, DomainEvent, JsonSchema, Serialize};

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "type", content = "data")]
    pub(crate) enum Order {
        Place(Place),
    }

    #[derive(Clone, Serialize, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    pub(crate) struct Place {
        units: u32,
        #[serde(default)]
        urgent: Forgotten,
    }

    /// Reads a flag, and writes it as not set.
    #[derive(Clone, Default, Serialize, Deserialize, JsonSchema)]
    #[serde(from = "bool", into = "bool")]
    pub(crate) struct Forgotten;

    impl From<bool> for Forgotten {
        fn from(_: bool) -> Self {
            Self
        }
    }

    impl From<Forgotten> for bool {
        fn from(_: Forgotten) -> Self {
            false
        }
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    #[serde(tag = "type", content = "data")]
    pub(crate) enum Ordered {
        Booked { units: u32 },
    }

    impl DomainEvent for Ordered {
        fn event_type(&self) -> String {
            "Booked".to_owned()
        }
        fn event_version(&self) -> String {
            "1".to_owned()
        }
    }
}
