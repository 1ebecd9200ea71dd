//! What happened to messages.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::ReceiveMessage;
use super::receipt::{MessageStatus, ReceiptStatus};
use crate::bounds::{Body, Recipients};
use crate::label::{AgentId, Channel, MessageId, Recipient};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageReceived {
    pub at: Timestamp,
    pub provider_message_id: MessageId,
    pub channel: Channel,
    #[schemars(extend("pii" = true))]
    pub body: Body,
}

impl From<&MessageReceived> for ReceiveMessage {
    fn from(received: &MessageReceived) -> Self {
        Self {
            provider_message_id: received.provider_message_id.clone(),
            channel: received.channel.clone(),
            body: received.body.clone(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageSeen {
    pub at: Timestamp,
    pub provider_message_id: MessageId,
    pub channel: Channel,
    pub agent_id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageQueued {
    pub at: Timestamp,
    pub client_message_id: MessageId,
    pub channel: Channel,
    #[schemars(extend("pii" = true))]
    pub recipients: Recipients,
    #[schemars(extend("pii" = true))]
    pub body: Body,
    pub attempt: u32,
    /// Written by a machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub automated: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageSent {
    pub at: Timestamp,
    pub client_message_id: MessageId,
    pub attempt: u32,
    pub provider_message_id: MessageId,
    pub sent_at: Timestamp,
}

/// What a provider reported of one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    pub provider_message_id: MessageId,
    pub attempt: u32,
    #[schemars(extend("pii" = true))]
    pub recipient: Recipient,
    pub status: ReceiptStatus,
    /// By the provider's clock.
    pub at: Timestamp,
}

/// A receipt with something new, if only a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptRecorded {
    pub at: Timestamp,
    pub client_message_id: MessageId,
    pub receipt: Receipt,
}

/// A receipt of a message that is not known to be sent; it is recorded when that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptBuffered {
    pub at: Timestamp,
    pub receipt: Receipt,
}

/// The provider says of one recipient that it failed and that it was delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReceiptAnomaly {
    pub at: Timestamp,
    pub client_message_id: MessageId,
    pub attempt: u32,
    #[schemars(extend("pii" = true))]
    pub recipient: Recipient,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageStatusChanged {
    pub at: Timestamp,
    pub client_message_id: MessageId,
    pub attempt: u32,
    /// The least of its recipients'.
    pub status: MessageStatus,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRetried {
    pub at: Timestamp,
    pub client_message_id: MessageId,
    /// The attempt that begins.
    pub attempt: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageCancelled {
    pub at: Timestamp,
    pub client_message_id: MessageId,
}
