//! The order of statuses, and how receipts merge.

use std::collections::BTreeMap;
use std::fmt;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The state of a message; a later one of these outranks an earlier.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MessageStatus {
    Queued,
    Sending,
    Sent,
    /// Also what could not be delivered. A delivery outranks it: it is better evidence.
    Failed,
    Delivered,
    Read,
    /// Taken back before it was sent; no receipt reports it.
    Canceled,
}

impl fmt::Display for MessageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What a provider can say of a message, in the same order.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReceiptStatus {
    Sending,
    Sent,
    Failed,
    Delivered,
    Read,
}

impl From<ReceiptStatus> for MessageStatus {
    fn from(status: ReceiptStatus) -> Self {
        match status {
            ReceiptStatus::Sending => Self::Sending,
            ReceiptStatus::Sent => Self::Sent,
            ReceiptStatus::Failed => Self::Failed,
            ReceiptStatus::Delivered => Self::Delivered,
            ReceiptStatus::Read => Self::Read,
        }
    }
}

/// What is known of one recipient: each status with its earliest time. Merging is commutative,
/// associative and idempotent, so that order and repetition of receipts do not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Marks(BTreeMap<ReceiptStatus, Timestamp>);

impl Marks {
    pub(crate) fn status(&self) -> MessageStatus {
        let greatest = self.0.keys().next_back();
        greatest.map_or(MessageStatus::Queued, |status| (*status).into())
    }

    /// Whether the mark was new.
    pub(crate) fn merge(&mut self, status: ReceiptStatus, at: Timestamp) -> bool {
        let known = self.0.get(&status).copied();
        let is_new = known.is_none_or(|known| at < known);
        if is_new {
            self.0.insert(status, at);
        }
        is_new
    }

    /// Failed and delivered cannot both be.
    pub(crate) fn is_contradictory(&self) -> bool {
        let has = |status| self.0.contains_key(&status);
        has(ReceiptStatus::Failed) && has(ReceiptStatus::Delivered)
    }

    /// When it was delivered, and whether that is inferred: what was read was delivered.
    pub(crate) fn delivered_at(&self) -> Option<(Timestamp, bool)> {
        let at = |status| self.0.get(&status).copied();
        let delivered = at(ReceiptStatus::Delivered).map(|at| (at, false));
        delivered.or_else(|| at(ReceiptStatus::Read).map(|at| (at, true)))
    }
}

/// The status of a message: it is only as far as the last of its recipients.
pub(crate) fn least<'a>(recipients: impl Iterator<Item = &'a Marks>) -> MessageStatus {
    recipients
        .map(Marks::status)
        .min()
        .unwrap_or(MessageStatus::Queued)
}
