//! How a command travels, and how it reaches an aggregate.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::id::{Actor, AggregateId, Identity, Tenant};
use crate::port::ReplyTo;
use crate::time::Timestamp;

/// A command record's value on the command log, in structured form. The aggregate id is not in it:
/// it is the record's key `{tenant}/{aggregate_id}`.
///
/// The platform's own records name tenant, actor and time and are signed. A producer that the
/// broker vouches for may leave them out: they then come from the topic's configuration and from
/// the log's clock. `data` stays raw: routing, storing or parking a command never parses it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandEnvelope<'a> {
    /// The command's identity when the platform signed it; else the key that its sender names it by
    /// ([`CommandKey`](crate::id::CommandKey)), from which the identity follows.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The command's name, such as `RecordFill`.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// Whose aggregate it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Tenant>,
    /// Who sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Who that is, in contexts whose rules [ask](crate::Context::ASKS_IDENTITY). Believed in the
    /// platform's own records alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Accepted-at: the only time a decision sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The subject of the whole chain, such as a conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<AggregateId>,
    /// The event or command that caused this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<uuid::Uuid>,
    /// The aggregate must be at this version, or the command is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<u64>,
    /// The request that waits for the outcome. Followed only in the platform's own records: an address
    /// from any other sender is ignored.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "address"
    )]
    pub reply_to: Option<ReplyTo>,
    /// What the command says, as its sender wrote it.
    #[serde(borrow)]
    pub data: &'a RawValue,
}

/// An unreadable address, such as another release's, makes its caller poll and does not affect the
/// command.
fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ReplyTo>, D::Error> {
    let text = Option::<Cow<'de, str>>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

/// What an aggregate decides on: the command and the facts of its acceptance.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted<C> {
    /// The aggregate's own id.
    pub id: AggregateId,
    /// Who sent it, proven by signature or broker.
    pub actor: Actor,
    /// Who that is, whatever the name, where the context [asks](crate::Context::ASKS_IDENTITY) and
    /// somebody outside the platform sent it.
    pub identity: Option<Identity>,
    /// Accepted-at; a decision has no other clock.
    pub at: Timestamp,
    /// What is asked.
    pub command: C,
}
