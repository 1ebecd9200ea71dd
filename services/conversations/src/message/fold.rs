//! What is kept of messages, and how an event moves it.

use std::collections::BTreeMap;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{
    MessageCancelled, MessageQueued, MessageReceived, MessageRetried, MessageSeen, MessageSent,
    Receipt, ReceiptBuffered, ReceiptRecorded,
};
use super::receipt::{Marks, MessageStatus, ReceiptStatus, least};
use crate::bounds::Body;
use crate::label::{AgentId, Channel, MessageId, Recipient};

/// Messages known in each direction. The oldest is forgotten for a new one: what is sent again after
/// so many others counts as new.
const KEPT_MAX: usize = 200;
/// Receipts of unknown messages that are kept; the oldest goes first.
const PENDING_MAX: usize = 100;
/// How long they are kept, in microseconds: a day.
const PENDING_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// What a decision needs to know of messages; their text is in the events alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Messages {
    pub(super) inbound: Vec<Inbound>,
    pub(super) outbound: Vec<Outbound>,
    pub(super) pending: Vec<Pending>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inbound {
    pub(super) channel: Channel,
    pub(super) provider_message_id: MessageId,
    pub(super) body: Fingerprint,
    pub(super) seen_by: Option<AgentId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outbound {
    pub(super) client_message_id: MessageId,
    pub(super) channel: Channel,
    pub(super) body: Fingerprint,
    pub(super) attempt: u32,
    /// The provider's id of each attempt that was sent.
    pub(super) sent_as: BTreeMap<u32, MessageId>,
    /// Of the present attempt.
    pub(super) recipients: BTreeMap<Recipient, Marks>,
    pub(super) is_cancelled: bool,
}

impl Outbound {
    pub(super) fn status(&self) -> MessageStatus {
        if self.is_cancelled {
            MessageStatus::Canceled
        } else {
            least(self.recipients.values())
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Pending {
    pub(super) since: Timestamp,
    pub(super) receipt: Receipt,
}

/// Tells one text from another without keeping it: length and FNV-1a. Against mistakes, not forgers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    length: usize,
    hash: u64,
}

impl Fingerprint {
    pub(super) fn of(body: &Body) -> Self {
        let bytes = body.as_str().as_bytes();
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self {
            length: bytes.len(),
            hash,
        }
    }
}

impl Messages {
    pub(crate) fn receive(&mut self, received: MessageReceived) {
        let inbound = Inbound {
            body: Fingerprint::of(&received.body),
            channel: received.channel,
            provider_message_id: received.provider_message_id,
            seen_by: None,
        };
        keep(&mut self.inbound, inbound, KEPT_MAX);
    }

    pub(crate) fn see(&mut self, seen: MessageSeen) {
        let mut known = self.inbound.iter_mut();
        let message = known.find(|message| {
            message.channel == seen.channel
                && message.provider_message_id == seen.provider_message_id
        });
        if let Some(message) = message {
            message.seen_by = Some(seen.agent_id);
        }
    }

    pub(crate) fn queue(&mut self, queued: MessageQueued) {
        let recipients = Vec::from(queued.recipients).into_iter();
        let outbound = Outbound {
            client_message_id: queued.client_message_id,
            channel: queued.channel,
            body: Fingerprint::of(&queued.body),
            attempt: queued.attempt,
            sent_as: BTreeMap::new(),
            recipients: recipients.map(|to| (to, Marks::default())).collect(),
            is_cancelled: false,
        };
        keep(&mut self.outbound, outbound, KEPT_MAX);
    }

    pub(crate) fn sent(&mut self, sent: &MessageSent) {
        self.change(&sent.client_message_id, |message| {
            let id = sent.provider_message_id.clone();
            message.sent_as.insert(sent.attempt, id);
            for marks in message.recipients.values_mut() {
                marks.merge(ReceiptStatus::Sent, sent.sent_at);
            }
        });
        // What was buffered is recorded by the events that follow, or names no recipient.
        self.pending
            .retain(|pending| !is_of(&pending.receipt, sent));
    }

    pub(crate) fn record(&mut self, recorded: &ReceiptRecorded) {
        let receipt = &recorded.receipt;
        self.change(&recorded.client_message_id, |message| {
            if let Some(marks) = message.recipients.get_mut(&receipt.recipient) {
                marks.merge(receipt.status, receipt.at);
            }
        });
    }

    pub(crate) fn buffer(&mut self, buffered: ReceiptBuffered) {
        let oldest = buffered.at.micros().saturating_sub(PENDING_MICROS);
        self.pending
            .retain(|pending| pending.since.micros() >= oldest);
        let pending = Pending {
            since: buffered.at,
            receipt: buffered.receipt,
        };
        keep(&mut self.pending, pending, PENDING_MAX);
    }

    pub(crate) fn retry(&mut self, retried: &MessageRetried) {
        self.change(&retried.client_message_id, |message| {
            message.attempt = retried.attempt;
            for marks in message.recipients.values_mut() {
                *marks = Marks::default();
            }
        });
    }

    pub(crate) fn cancel(&mut self, cancelled: &MessageCancelled) {
        self.change(&cancelled.client_message_id, |message| {
            message.is_cancelled = true;
        });
    }

    fn change(&mut self, id: &MessageId, change: impl FnOnce(&mut Outbound)) {
        let mut known = self.outbound.iter_mut();
        if let Some(message) = known.find(|message| message.client_message_id == *id) {
            change(message);
        }
    }
}

/// Whether the receipt is of this very attempt.
pub(super) fn is_of(receipt: &Receipt, sent: &MessageSent) -> bool {
    receipt.provider_message_id == sent.provider_message_id && receipt.attempt == sent.attempt
}

fn keep<T>(entries: &mut Vec<T>, entry: T, most: usize) {
    if entries.len() >= most {
        entries.remove(0);
    }
    entries.push(entry);
}
