//! Effects: an event that leads to a call outside, and the command that the answer becomes.

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::context::{Context, Reacted};
use crate::id::{CommandId, EventId};
use crate::record::EventMeta;
use crate::time::Timestamp;

/// Turns events of one context into calls outside the platform (a mail, a model, a job), and each
/// answer into one command.
///
/// Both halves are pure. A call is made at least once and may be repeated after a crash, always under
/// the same [`IdempotencyKey`]; the command has the id of that key, so that it takes effect once.
pub trait Effect: Send + Sync + 'static {
    /// Part of every key and command id, so it never changes once shipped. An effect that comes to
    /// send something else for events that there are takes another name.
    const NAME: &'static str;
    /// Names the place where its progress is kept, such as `offers_to_mail`: `[a-z_]+`.
    const PROGRESS: &'static str;
    /// The context listened to, by name: contexts meet in schemas, not in crates.
    const ON: &'static str;
    /// The dependency that is called, such as `mail`: the binary has an adapter and a guard for it.
    const OUTSIDE: &'static str;
    /// The context that the answers are for.
    type To: Context;
    /// The events listened to, as this side reads them from the record.
    type Event: DeserializeOwned + Send;

    /// Whether the event type concerns this effect; others are not even decoded.
    fn wants(&self, event_type: &str) -> bool;

    /// Events whose commands were accepted before lead to no call: an effect that is added to a platform
    /// with a history does not send all of it. It never changes once shipped.
    fn since(&self) -> Timestamp;

    /// The calls that the event leads to, at most [`CALLS_MAX`], in the order in which they are made.
    fn calls(&self, meta: &EventMeta, event: Self::Event) -> Vec<Call>;

    /// The command that the answer becomes; `meta` is of the event that led to the call.
    fn outcome(&self, meta: &EventMeta, call: &Call, answer: &Answer) -> Reacted<Self::To>;
}

/// Calls of one event. More are a list, which belongs into the body of one call.
pub const CALLS_MAX: usize = 16;

/// What is asked of the outside. A repeat sends the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What is to be done, such as `v1/mails`. The adapter knows where that is.
    pub operation: Box<str>,
    /// JSON, or whatever else the adapter sends.
    pub body: Bytes,
}

/// What the outside said. Both ends are final, and both become a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It did what was asked, and said this.
    Done(Bytes),
    /// It understood the call and does not do it; another try would be answered alike.
    Refused {
        /// The outside's own, such as an HTTP status.
        code: Box<str>,
        /// What it said, shortened.
        detail: Box<str>,
    },
}

/// Tells a repeat from another call. It is the id of the command that comes back, so that one number
/// finds both ends of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(pub CommandId);

impl IdempotencyKey {
    /// Of the `n`th call that `effect` derives from `event`, whose command was accepted `at`.
    #[must_use]
    pub fn of(event: EventId, at: Timestamp, effect: &str, n: u32) -> Self {
        Self(CommandId::of_effect(event, at, effect, n))
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}
