//! The way back from a processor to the gateway whose caller waits.

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::batch::Resolution;
use crate::code::Fault;
use crate::id::{AggregateId, CommandId};

/// The address of one request that waits, written `<instance>/<request>`. Two requests under one
/// command id have two addresses, so each is answered for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplyTo {
    /// The process, as [`Replies`] address it.
    pub instance: AggregateId,
    /// Number of the request within the process.
    pub request: u64,
}

/// The text is not `<instance>/<request>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the address of a request, such as gateway-1/17")]
pub struct NotAnAddress;

impl fmt::Display for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.instance, self.request)
    }
}

impl FromStr for ReplyTo {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let (instance, request) = text.rsplit_once('/').ok_or(NotAnAddress)?;
        Ok(Self {
            instance: AggregateId::new(instance).map_err(|_| NotAnAddress)?,
            request: request.parse().map_err(|_| NotAnAddress)?,
        })
    }
}

impl Serialize for ReplyTo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ReplyTo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = AggregateId::deserialize(deserializer)?;
        text.as_str().parse().map_err(de::Error::custom)
    }
}

/// The outcome of one command, sent to the request that waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// [`ReplyTo::request`].
    pub request: u64,
    /// Which command it answers.
    pub command: CommandId,
    /// Where the command stands.
    pub partition: u16,
    /// What became of it.
    pub resolution: Resolution,
    /// The command was handled before, and this is its first answer again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// Replies as they come in.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::{Reply, ReplyStream};
///
/// /// The reply to one request, whatever else comes in before.
/// async fn reply_to(stream: &mut dyn ReplyStream, request: u64) -> Result<Reply, Fault> {
///     loop {
///         let reply = stream.next().await?;
///         if reply.request == request {
///             return Ok(reply);
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait ReplyStream: Send {
    /// # Errors
    /// The subscription ended; subscribe again.
    async fn next(&mut self) -> Result<Reply, Fault>;
}

/// Best effort: a reply that is lost costs its caller a poll, never an effect.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::{Replies, Reply, ReplyStream as _};
///
/// /// Waits for the next reply to this process. It subscribes before it sends anything.
/// async fn next_reply(replies: &dyn Replies, instance: &str) -> Result<Reply, Fault> {
///     let mut stream = replies.subscribe(instance).await?;
///     stream.next().await
/// }
/// ```
#[async_trait]
pub trait Replies: Send + Sync {
    /// # Errors
    /// The channel cannot be reached.
    async fn send(&self, to: &str, replies: Vec<Reply>) -> Result<(), Fault>;

    /// Replies addressed to `instance` from now on.
    ///
    /// # Errors
    /// The channel cannot be reached.
    async fn subscribe(&self, instance: &str) -> Result<Box<dyn ReplyStream>, Fault>;
}
