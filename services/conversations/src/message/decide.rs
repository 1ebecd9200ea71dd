//! The rules of messages.

use super::command::{
    CancelMessage, MarkSeen, MarkSent, ReceiveMessage, RecordReceipt, RetryMessage, SendMessage,
};
use super::event::{
    MessageCancelled, MessageQueued, MessageReceived, MessageRetried, MessageSeen, MessageSent,
    MessageStatusChanged, Receipt, ReceiptAnomaly, ReceiptBuffered, ReceiptRecorded,
};
use super::fold::{Fingerprint, Messages, Outbound, is_of};
use super::receipt::{MessageStatus, ReceiptStatus};
use crate::conversation::{
    ConversationCommand, ConversationEvent as E, ConversationRejection, Moment,
};
use crate::label::MessageId;

/// Attempts to send one message; more do not help.
const ATTEMPTS_MAX: u32 = 10;

type Decided = Result<Vec<E>, ConversationRejection>;

impl Messages {
    /// What came before is a no-op, however often; with other content it is a mistake of the source.
    pub(crate) fn decide_receive(&self, now: &Moment<'_>, message: &ReceiveMessage) -> Decided {
        let known = self.inbound.iter().find(|known| {
            known.channel == message.channel
                && known.provider_message_id == message.provider_message_id
        });
        match known {
            Some(known) if known.body == Fingerprint::of(&message.body) => Ok(vec![]),
            Some(_) => Err(mismatch(&message.provider_message_id)),
            None => Ok(vec![E::MessageReceived(MessageReceived {
                at: now.at,
                provider_message_id: message.provider_message_id.clone(),
                channel: message.channel.clone(),
                body: message.body.clone(),
            })]),
        }
    }

    pub(crate) fn decide_seen(&self, now: &Moment<'_>, seen: &MarkSeen) -> Decided {
        let known = self.inbound.iter().find(|known| {
            known.channel == seen.channel && known.provider_message_id == seen.provider_message_id
        });
        match known {
            Some(known) if known.seen_by.is_some() => Ok(vec![]),
            Some(_) => Ok(vec![E::MessageSeen(MessageSeen {
                at: now.at,
                provider_message_id: seen.provider_message_id.clone(),
                channel: seen.channel.clone(),
                agent_id: seen.agent_id.clone(),
            })]),
            None => Err(unknown(&seen.provider_message_id)),
        }
    }

    pub(crate) fn decide_send(&self, now: &Moment<'_>, message: &SendMessage) -> Decided {
        match self.message(&message.client_message_id) {
            Ok(known) if is_same(known, message) => Ok(vec![]),
            Ok(_) => Err(mismatch(&message.client_message_id)),
            Err(_) => Ok(vec![E::MessageQueued(MessageQueued {
                at: now.at,
                client_message_id: message.client_message_id.clone(),
                channel: message.channel.clone(),
                recipients: message.recipients.clone(),
                body: message.body.clone(),
                attempt: 1,
                automated: message.automated,
            })]),
        }
    }

    /// Also records receipts that came before the report that the message was sent.
    pub(crate) fn decide_sent(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        sent: &MarkSent,
    ) -> Decided {
        let message = self.message(&sent.client_message_id)?;
        match message.sent_as.get(&sent.attempt) {
            Some(known) if *known == sent.provider_message_id => return Ok(vec![]),
            Some(_) => return Err(mismatch(&sent.client_message_id)),
            None => {}
        }
        if message.is_cancelled || message.attempt != sent.attempt {
            return Err(refuse(message, command));
        }
        let event = MessageSent {
            at: now.at,
            client_message_id: sent.client_message_id.clone(),
            attempt: sent.attempt,
            provider_message_id: sent.provider_message_id.clone(),
            sent_at: sent.sent_at,
        };
        let mut after = message.clone();
        for marks in after.recipients.values_mut() {
            marks.merge(ReceiptStatus::Sent, sent.sent_at);
        }
        let buffered = self.pending.iter().map(|pending| &pending.receipt);
        let ours: Vec<_> = buffered.filter(|receipt| is_of(receipt, &event)).collect();
        let mut events = vec![E::MessageSent(event)];
        for receipt in ours {
            record(now, &mut after, receipt, &mut events);
        }
        events.extend(status_change(now, message, &after));
        Ok(events)
    }

    /// A receipt of an attempt that is over is of no interest; one of an unknown message may be early.
    pub(crate) fn decide_receipt(&self, now: &Moment<'_>, receipt: &RecordReceipt) -> Decided {
        let receipt = receipt.receipt();
        let is_ours = |message: &&Outbound| {
            message.sent_as.get(&receipt.attempt) == Some(&receipt.provider_message_id)
        };
        let Some(message) = self.outbound.iter().find(is_ours) else {
            return Ok(self.buffer_once(now, receipt));
        };
        if receipt.attempt != message.attempt {
            return Ok(vec![]);
        }
        if !message.recipients.contains_key(&receipt.recipient) {
            return Err(ConversationRejection::RecipientUnknown {
                message_id: message.client_message_id.clone(),
                recipient: receipt.recipient,
            });
        }
        let mut after = message.clone();
        let mut events = vec![];
        record(now, &mut after, &receipt, &mut events);
        events.extend(status_change(now, message, &after));
        Ok(events)
    }

    fn buffer_once(&self, now: &Moment<'_>, receipt: Receipt) -> Vec<E> {
        if self.pending.iter().any(|known| known.receipt == receipt) {
            return vec![];
        }
        vec![E::ReceiptBuffered(ReceiptBuffered {
            at: now.at,
            receipt,
        })]
    }

    pub(crate) fn decide_retry(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        retry: &RetryMessage,
    ) -> Decided {
        let message = self.message(&retry.client_message_id)?;
        if message.attempt == retry.attempt.saturating_add(1) {
            return Ok(vec![]);
        }
        if message.attempt != retry.attempt || message.status() != MessageStatus::Failed {
            return Err(refuse(message, command));
        }
        if message.attempt >= ATTEMPTS_MAX {
            return Err(ConversationRejection::AttemptLimit {
                message_id: retry.client_message_id.clone(),
                max: ATTEMPTS_MAX,
            });
        }
        Ok(vec![E::MessageRetried(MessageRetried {
            at: now.at,
            client_message_id: retry.client_message_id.clone(),
            attempt: message.attempt + 1,
        })])
    }

    pub(crate) fn decide_cancel(
        &self,
        now: &Moment<'_>,
        command: &ConversationCommand,
        cancel: &CancelMessage,
    ) -> Decided {
        let message = self.message(&cancel.client_message_id)?;
        match message.status() {
            MessageStatus::Canceled => Ok(vec![]),
            MessageStatus::Queued => Ok(vec![E::MessageCancelled(MessageCancelled {
                at: now.at,
                client_message_id: cancel.client_message_id.clone(),
            })]),
            _ => Err(refuse(message, command)),
        }
    }

    fn message(&self, id: &MessageId) -> Result<&Outbound, ConversationRejection> {
        let mut known = self.outbound.iter();
        known
            .find(|message| message.client_message_id == *id)
            .ok_or_else(|| unknown(id))
    }
}

fn is_same(known: &Outbound, message: &SendMessage) -> bool {
    let to = message.recipients.as_slice();
    known.body == Fingerprint::of(&message.body)
        && known.channel == message.channel
        && to.iter().all(|to| known.recipients.contains_key(to))
        && known.recipients.keys().all(|known| to.contains(known))
}

/// Records what is new in a receipt, if anything.
fn record(now: &Moment<'_>, after: &mut Outbound, receipt: &Receipt, events: &mut Vec<E>) {
    let Some(marks) = after.recipients.get_mut(&receipt.recipient) else {
        return;
    };
    let was_contradictory = marks.is_contradictory();
    if !marks.merge(receipt.status, receipt.at) {
        return;
    }
    events.push(E::ReceiptRecorded(ReceiptRecorded {
        at: now.at,
        client_message_id: after.client_message_id.clone(),
        receipt: receipt.clone(),
    }));
    if marks.is_contradictory() && !was_contradictory {
        events.push(E::ReceiptAnomaly(ReceiptAnomaly {
            at: now.at,
            client_message_id: after.client_message_id.clone(),
            attempt: receipt.attempt,
            recipient: receipt.recipient.clone(),
        }));
    }
}

fn status_change(now: &Moment<'_>, before: &Outbound, after: &Outbound) -> Option<E> {
    let status = after.status();
    (status != before.status()).then(|| {
        E::MessageStatusChanged(MessageStatusChanged {
            at: now.at,
            client_message_id: after.client_message_id.clone(),
            attempt: after.attempt,
            status,
        })
    })
}

fn refuse(message: &Outbound, command: &ConversationCommand) -> ConversationRejection {
    ConversationRejection::MessageTransition {
        message_id: message.client_message_id.clone(),
        status: message.status(),
        command: command.name(),
    }
}

fn mismatch(message_id: &MessageId) -> ConversationRejection {
    ConversationRejection::IdempotencyMismatch {
        message_id: message_id.clone(),
    }
}

fn unknown(message_id: &MessageId) -> ConversationRejection {
    ConversationRejection::MessageUnknown {
        message_id: message_id.clone(),
    }
}
