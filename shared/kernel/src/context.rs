//! What the pipeline asks of a context, beyond cqrs-es's own traits.

use std::borrow::Cow;

use cqrs_es::Aggregate;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::value::Error as BadValue;
use serde::de::{DeserializeOwned, IntoDeserializer as _};

use crate::access::Facts;
use crate::code::Rejection;
use crate::envelope::Accepted;
use crate::id::{AggregateId, Tenant};
use crate::port::Pace;
use crate::record::{EventMeta, Undecodable};
use crate::route::{CommandRoute, Parameter, ViewRoute};
use crate::time::Timestamp;

/// A bounded context with one kind of aggregate: one command topic, one event topic.
///
/// Commands and events are enums with `#[serde(tag = "type", content = "data")]`, so that a
/// record's bytes decode in one pass whatever else the record carries.
pub trait Context:
    Aggregate<
        Command = Accepted<Self::Input>,
        Event: JsonSchema,
        Error: Rejection + Clone,
        Services: Clone + Default,
    > + Clone
    + 'static
{
    /// Plural noun that names topics, tables and routes, such as `trades`.
    const NAME: &'static str;

    /// Version of the aggregate's state as it is stored in snapshots. Raised when the JSON changes,
    /// or when the same events come to mean another state: snapshots of other versions are ignored.
    const SHAPE: u16;

    /// Whether a part of its ids may hold blanks inside, because others give the names: then the
    /// schemas of its events admit them too.
    const BLANKS_IN_IDS: bool = false;

    /// Whether its rules tell people apart by more than their names, as a second person has to be: then
    /// [`Accepted::identity`] is given.
    const ASKS_IDENTITY: bool = false;

    /// How soon its commands are to be decided. Where no caller waits for the result, deciding several at
    /// a time costs less.
    const PACE: Pace = Pace::Prompt;

    /// How its commands are sent over HTTP.
    const COMMANDS: &'static [CommandRoute];

    /// Names of the commands that only the platform sends, as a reaction, a timer or the router: their
    /// content is decided elsewhere, and a second entry would bypass the rules applied there. They have
    /// no route, and neither a caller's nor a producer's signature admits them.
    const INTERNAL: &'static [&'static str] = &[];

    /// The commands of this context, without the facts of their acceptance.
    type Input: Serialize + DeserializeOwned + JsonSchema + Clone + Send + Sync + 'static;

    /// The rule book. Does no I/O and reads no clock, randomness or environment: the same state and
    /// command always give the same answer. A retry that changes nothing is an empty list.
    ///
    /// # Errors
    /// The context's own rejection: the rule that the command breaks.
    fn decide(
        &self,
        accepted: &Accepted<Self::Input>,
        policy: &Self::Services,
    ) -> Result<Vec<Self::Event>, Self::Error>;

    /// What follows when a reaction's command is refused. No caller waits for its answer, but its sender
    /// relies on it: events in the same commit record what both sides have to know.
    fn refused(
        &self,
        _accepted: &Accepted<Self::Input>,
        _rejection: &Self::Error,
    ) -> Refused<Self::Event> {
        Refused::Noted(Vec::new())
    }

    /// What policies may ask of an aggregate of that id without looking at it, and of what a command asks
    /// for. What its view says of it as it is comes from [`View::facts`].
    fn facts(_id: &AggregateId, _command: Option<&Self::Input>) -> Facts {
        Facts::default()
    }

    /// Another aggregate of the context that the command leads to a change of: its sender must be allowed
    /// that, too.
    fn reaches(_command: &Self::Input) -> Option<AggregateId> {
        None
    }

    /// The break that `event` raises, in a word such as `overfill`; it is reported to the command's sender.
    fn raised(_event: &Self::Event) -> Option<&'static str> {
        None
    }

    /// The timers that `event` sets or cancels; `self` is the state after it.
    fn timers(&self, _event: &Self::Event) -> Vec<TimerRequest<Self::Input>> {
        Vec::new()
    }
}

/// What a refusal of a reaction's command means.
#[derive(Clone, Debug, PartialEq)]
pub enum Refused<E> {
    /// Both sides acted at once, and their rules foresee it: a rejection like any other.
    Race,
    /// The two sides disagree, and an operator has to look: an alarm, and these events.
    Noted(Vec<E>),
}

/// What an event wants of its aggregate's timers, each known by a name, such as `wrap_up` or
/// `offer/O-17` where there can be several.
#[derive(Clone, Debug, PartialEq)]
pub enum TimerRequest<I> {
    /// The command carries the state it expects, so that firing late is harmless.
    Set {
        /// A timer of the same name is replaced.
        name: Cow<'static, str>,
        /// It fires then or later.
        due: Timestamp,
        /// What it sends to the aggregate.
        command: I,
    },
    /// It does not fire; one that is not set is no fault.
    Cancel {
        /// As it was set.
        name: Cow<'static, str>,
    },
}

/// A read model of one context: a fold of its events, one value per key.
///
/// The serialised value is the very body a query sends.
pub trait View:
    Default + Clone + Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static
{
    /// Whose events it folds.
    type Of: Context;
    /// Noun, such as `position`; with the version it names the view everywhere.
    const NAME: &'static str;
    /// Raised when stored values of an older shape must be rebuilt.
    const VERSION: u16;
    /// How it is read over HTTP.
    const ROUTE: ViewRoute;
    /// The parameters that [`Self::refold`] and [`Self::beside`] read.
    const PARAMETERS: &'static [Parameter] = &[];
    /// The parameters that [`Self::filter`] reads.
    const FILTERS: &'static [Parameter] = &[];
    /// Those of the filters that [`Self::indexed`] knows, the most selective first.
    const INDEXED: &'static [&'static str] = &[];

    /// Folds the next event; `meta` is what is known of it besides its content.
    fn update(&mut self, meta: &EventMeta, event: &EventOf<Self>);

    /// Another fold of the same events, when `parameters` ask for one the stored view is not.
    ///
    /// # Errors
    /// A parameter of the view's own cannot be read.
    fn refold(_parameters: &Parameters) -> Result<Option<Box<dyn Refold<Self>>>, BadParameter> {
        Ok(None)
    }

    /// Whether [`Self::facts`] says anything that the id does not: then a policy may need the value.
    const HAS_FACTS: bool = false;

    /// What policies may ask of the aggregate as it is: when it is read, or when `command` is to change
    /// it. A fact that the aggregate itself checks for a command is left out.
    fn facts(&self, _command: Option<&<Self::Of as Context>::Input>) -> Facts {
        Facts::default()
    }

    /// What a list is narrowed to, when `parameters` ask for that, such as `?state=Booked`.
    ///
    /// # Errors
    /// A parameter of the view's own cannot be read.
    fn filter(_parameters: &Parameters) -> Result<Option<Filter<Self>>, BadParameter> {
        Ok(None)
    }

    /// Tells `note` every name of [`Self::INDEXED`] with each text that the filter of that name lets this
    /// value through for: a live stream that asks for another text is then not even looked at.
    fn indexed(&self, _note: &mut dyn FnMut(&'static str, &str)) {}

    /// Fields that `parameters` ask for beside the view's own, such as a valuation at a mark.
    ///
    /// # Errors
    /// A parameter of the view's own cannot be read, or the question has no exact answer.
    fn beside(
        &self,
        _parameters: &Parameters,
    ) -> Result<Vec<(&'static str, String)>, BadParameter> {
        Ok(Vec::new())
    }
}

/// Whether a value is one of those that a list was asked for.
pub type Filter<V> = Box<dyn Fn(&V) -> bool + Send + Sync>;

/// The events that a view folds.
pub type EventOf<V> = <<V as View>::Of as Aggregate>::Event;

/// A view under other rules than the stored one.
pub trait Refold<V: View>: Send {
    /// Folds the next event.
    fn update(&mut self, meta: &EventMeta, event: EventOf<V>);

    /// # Errors
    /// Under these rules there is no exact answer.
    fn finish(self: Box<Self>) -> Result<V, BadParameter>;
}

/// The parameters of a query string, decoded, in the order given.
#[derive(Clone, Debug, Default)]
pub struct Parameters(pub Vec<(String, String)>);

impl Parameters {
    /// The first value under the name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The first value under the name, parsed.
    ///
    /// # Errors
    /// It cannot be parsed.
    pub fn read<T: DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, BadParameter> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let read = T::deserialize(text.into_deserializer());
        read.map(Some).map_err(|error: BadValue| BadParameter {
            name,
            reason: error.to_string(),
        })
    }

    /// Those of these names, in the order of the names; of one given twice, the first.
    #[must_use]
    pub fn among(&self, names: &[&'static str]) -> Vec<(&'static str, Box<str>)> {
        let found = names
            .iter()
            .filter_map(|name| Some((*name, self.get(name)?.into())));
        found.collect()
    }
}

/// A query parameter that cannot be followed.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct BadParameter {
    /// As it stands in the query string.
    pub name: &'static str,
    /// What is wrong with it, for the caller.
    pub reason: String,
}

/// A live projection: a fold of several contexts' events into one value in memory.
///
/// Events of one partition come in order. Those of different partitions come in any: the value, once
/// all are in, must not depend on it, and neither must the bytes of a snapshot.
pub trait LiveProjection: Default + Send + 'static {
    /// Names it in groups, logs, metrics and stores: `[a-z_]+`.
    const NAME: &'static str;
    /// The contexts listened to, by name.
    const ON: &'static [&'static str];
    /// Version of [`Self::Kept`]. Raised with every change of its JSON or of what the JSON means, also
    /// when events come to something else than before: snapshots of other versions are ignored.
    const SHAPE: u16;
    /// An event as this side reads it.
    type Event: Send + 'static;
    /// What a snapshot holds: all that the events have made of the value. What only this process knows
    /// has no part in it. Its JSON is in one order, whatever the order in which partitions were read.
    type Kept: Serialize + DeserializeOwned + Send + 'static;

    /// The meta of a record's JSON, and its event if that concerns the projection.
    ///
    /// # Errors
    /// The record is not one of ours, or an event that concerns the projection is not known to it.
    fn decode(
        context: &str,
        log_position: u64,
        value: &[u8],
    ) -> Result<(EventMeta, Option<Self::Event>), Undecodable>;

    /// Events that do not concern it come without their data: log positions and versions move on.
    fn fold(&mut self, partition: u16, meta: &EventMeta, event: Folded<Self::Event>);

    /// A copy for a snapshot. Events and questions wait meanwhile: what is large is shared with the
    /// copy and not cloned, and what takes time is left to its `Serialize`.
    fn keep(&self) -> Self::Kept;

    /// The value as the events had left it.
    fn restored(kept: Self::Kept) -> Self;
}

/// An event on its way into a live projection.
#[derive(Clone, Debug, PartialEq)]
pub enum Folded<E> {
    /// One that concerns it.
    Event(E),
    /// One of the context that does not concern it.
    Other(&'static str),
}

/// Turns an event of one context into commands for another (a process manager without state).
///
/// Running it twice is harmless: the commands' ids are derived from the event's.
pub trait Reaction: Send + Sync + 'static {
    /// Part of every derived command id, so it never changes once shipped.
    const NAME: &'static str;
    /// Names the place where its progress is kept, such as `fills_to_positions`: `[a-z_]+`.
    const PROGRESS: &'static str;
    /// The context listened to, by name: contexts meet in schemas, not in crates.
    const ON: &'static str;
    /// Whose commands it sends.
    type To: Context;
    /// The events listened to, as this side reads them from the record.
    type Event: DeserializeOwned + Send;

    /// Whether the event type concerns this reaction; others are not even decoded.
    fn wants(&self, event_type: &str) -> bool;

    /// The commands that follow from the event, in the order in which they are sent.
    fn react(&self, meta: &EventMeta, event: Self::Event) -> Vec<Reacted<Self::To>>;
}

/// A command that a reaction asks for.
#[derive(Debug)]
pub struct Reacted<C: Context> {
    /// Whose aggregate it is for.
    pub tenant: Tenant,
    /// The aggregate.
    pub to: AggregateId,
    /// What is asked of it.
    pub command: C::Input,
}
