//! Messages as a query shows them.

use std::collections::BTreeMap;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::{MessageQueued, MessageReceived, Receipt};
use super::receipt::{Marks, MessageStatus, ReceiptStatus, least};
use crate::bounds::Body;
use crate::conversation::ConversationEvent as E;
use crate::label::{AgentId, Channel, MessageId, Recipient};

/// A message in either direction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "direction", rename_all = "snake_case")]
pub enum MessageView {
    Inbound(InboundView),
    Outbound(OutboundView),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InboundView {
    pub provider_message_id: MessageId,
    pub channel: Channel,
    #[schemars(extend("pii" = true))]
    pub body: Body,
    pub received_at: Timestamp,
    pub status: InboundStatus,
    pub seen_by: Option<AgentId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InboundStatus {
    Received,
    Seen,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OutboundView {
    pub client_message_id: MessageId,
    pub channel: Channel,
    #[schemars(extend("pii" = true))]
    pub body: Body,
    /// Written by a machine.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub automated: bool,
    pub queued_at: Timestamp,
    pub attempt: u32,
    pub provider_message_id: Option<MessageId>,
    /// The least of the recipients'.
    pub status: MessageStatus,
    #[schemars(extend("pii" = true))]
    pub recipients: BTreeMap<Recipient, RecipientView>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecipientView {
    pub status: MessageStatus,
    /// When it came to each status, by the provider's clock.
    pub marks: Marks,
    pub delivered_at: Option<Timestamp>,
    /// The delivery was not reported but follows from the receipt that it was read.
    pub delivered_inferred: bool,
    /// Reported as failed and as delivered.
    pub anomaly: bool,
}

impl From<Marks> for RecipientView {
    fn from(marks: Marks) -> Self {
        let delivered = marks.delivered_at();
        Self {
            status: marks.status(),
            delivered_at: delivered.map(|(at, _)| at),
            delivered_inferred: delivered.is_some_and(|(_, inferred)| inferred),
            anomaly: marks.is_contradictory(),
            marks,
        }
    }
}

/// Brings the shown messages up to date, of which there are at most `most`.
pub(crate) fn show(messages: &mut Vec<MessageView>, event: &E, most: usize) {
    match event {
        E::MessageReceived(received) => keep(messages, inbound(received), most),
        E::MessageQueued(queued) => keep(messages, outbound(queued), most),
        E::MessageSeen(seen) => {
            let mut shown = messages.iter_mut().filter_map(MessageView::as_inbound);
            let message = shown.find(|message| {
                message.channel == seen.channel
                    && message.provider_message_id == seen.provider_message_id
            });
            if let Some(message) = message {
                message.status = InboundStatus::Seen;
                message.seen_by = Some(seen.agent_id.clone());
            }
        }
        E::MessageSent(sent) => change(messages, &sent.client_message_id, |message| {
            message.provider_message_id = Some(sent.provider_message_id.clone());
            message.mark(|_| true, ReceiptStatus::Sent, sent.sent_at);
        }),
        E::ReceiptRecorded(recorded) => change(messages, &recorded.client_message_id, |message| {
            let Receipt {
                recipient,
                status,
                at,
                ..
            } = &recorded.receipt;
            message.mark(|known| known == recipient, *status, *at);
        }),
        E::MessageRetried(retried) => change(messages, &retried.client_message_id, |message| {
            message.attempt = retried.attempt;
            message.provider_message_id = None;
            for recipient in message.recipients.values_mut() {
                *recipient = Marks::default().into();
            }
            message.status = MessageStatus::Queued;
        }),
        E::MessageCancelled(cancelled) => {
            change(messages, &cancelled.client_message_id, |message| {
                message.status = MessageStatus::Canceled;
            });
        }
        // The receipts have it already, and other events do not concern a message.
        _ => {}
    }
}

impl MessageView {
    fn as_inbound(&mut self) -> Option<&mut InboundView> {
        match self {
            Self::Inbound(message) => Some(message),
            Self::Outbound(_) => None,
        }
    }

    fn as_outbound(&mut self) -> Option<&mut OutboundView> {
        match self {
            Self::Inbound(_) => None,
            Self::Outbound(message) => Some(message),
        }
    }
}

impl OutboundView {
    fn mark(&mut self, whose: impl Fn(&Recipient) -> bool, status: ReceiptStatus, at: Timestamp) {
        for (_, shown) in self.recipients.iter_mut().filter(|(known, _)| whose(known)) {
            let mut marks = shown.marks.clone();
            marks.merge(status, at);
            *shown = marks.into();
        }
        self.status = least(self.recipients.values().map(|shown| &shown.marks));
    }
}

fn inbound(received: &MessageReceived) -> MessageView {
    MessageView::Inbound(InboundView {
        provider_message_id: received.provider_message_id.clone(),
        channel: received.channel.clone(),
        body: received.body.clone(),
        received_at: received.at,
        status: InboundStatus::Received,
        seen_by: None,
    })
}

fn outbound(queued: &MessageQueued) -> MessageView {
    let to = queued.recipients.as_slice().iter();
    MessageView::Outbound(OutboundView {
        client_message_id: queued.client_message_id.clone(),
        channel: queued.channel.clone(),
        body: queued.body.clone(),
        automated: queued.automated,
        queued_at: queued.at,
        attempt: queued.attempt,
        provider_message_id: None,
        status: MessageStatus::Queued,
        recipients: to.map(|to| (to.clone(), Marks::default().into())).collect(),
    })
}

fn keep(messages: &mut Vec<MessageView>, message: MessageView, most: usize) {
    if messages.len() >= most {
        messages.remove(0);
    }
    messages.push(message);
}

/// Most changes are of what was sent lately.
fn change(messages: &mut [MessageView], id: &MessageId, change: impl FnOnce(&mut OutboundView)) {
    let mut shown = messages.iter_mut().filter_map(MessageView::as_outbound);
    if let Some(message) = shown.rfind(|message| message.client_message_id == *id) {
        change(message);
    }
}
