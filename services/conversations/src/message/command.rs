//! What can be asked about messages.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::Receipt;
use super::receipt::ReceiptStatus;
use crate::bounds::{Body, Recipients};
use crate::label::{AgentId, Channel, MessageId, Recipient};

/// The customer said something; known by channel and the provider's id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveMessage {
    pub provider_message_id: MessageId,
    pub channel: Channel,
    #[schemars(extend("pii" = true))]
    pub body: Body,
}

/// Something is to be said to the customer; known by the sender's own id.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    pub client_message_id: MessageId,
    pub channel: Channel,
    #[schemars(extend("pii" = true))]
    pub recipients: Recipients,
    #[schemars(extend("pii" = true))]
    pub body: Body,
    /// Written by a machine: it is no response of a person, though one may send it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub automated: bool,
}

/// The channel has given the message to its provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkSent {
    pub client_message_id: MessageId,
    /// Which attempt was sent: 1, 2, 3 …
    pub attempt: u32,
    /// The id that its receipts will name.
    pub provider_message_id: MessageId,
    pub sent_at: Timestamp,
}

/// The provider tells what became of an attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordReceipt {
    pub provider_message_id: MessageId,
    pub attempt: u32,
    #[schemars(extend("pii" = true))]
    pub recipient: Recipient,
    pub status: ReceiptStatus,
    /// By the provider's clock.
    pub at: Timestamp,
}

impl RecordReceipt {
    pub(super) fn receipt(&self) -> Receipt {
        Receipt {
            provider_message_id: self.provider_message_id.clone(),
            attempt: self.attempt,
            recipient: self.recipient.clone(),
            status: self.status,
            at: self.at,
        }
    }
}

/// Tries a failed message once more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetryMessage {
    pub client_message_id: MessageId,
    /// The attempt that failed.
    pub attempt: u32,
}

/// Takes a message back that is not yet sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelMessage {
    pub client_message_id: MessageId,
}

/// An agent has seen what the customer said.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkSeen {
    pub provider_message_id: MessageId,
    pub channel: Channel,
    pub agent_id: AgentId,
}
