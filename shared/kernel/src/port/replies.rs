//! The way back from a processor to the gateway whose caller waits.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::batch::Outcome;
use crate::code::Fault;
use crate::id::CommandId;

/// The outcome of one command, told to whoever waits for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    pub command: CommandId,
    pub partition: u16,
    pub outcome: Outcome,
    /// The command was handled before, and this is its first answer again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// Replies as they come in.
#[async_trait]
pub trait ReplyStream: Send {
    /// # Errors
    /// The subscription ended; subscribe again.
    async fn next(&mut self) -> Result<Reply, Fault>;
}

/// Best effort: a reply that is lost costs its caller a poll, never an effect.
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
