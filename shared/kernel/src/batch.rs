//! One partition's share of a commit: encoded, untyped, whole or not at all.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::checksum::{Chain, Checksum, MARK_LOG_POSITIONS, Mark};
use crate::id::{CommandId, Owner};
use crate::port::{AUTHORIZATION, OutcomeNotice};
use crate::record::EventRecord;
use crate::time::Timestamp;
use crate::topic::PartitionId;

/// The progress of a partition's writer, all of it durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Who may write.
    pub owner: Owner,
    /// Offset of the first command not yet handled.
    pub next_offset: i64,
    /// The log position the next event gets; 1 in an empty partition.
    pub next_log_position: u64,
    /// The stream number the next new aggregate gets; 1 in an empty partition.
    pub next_stream: i64,
    /// Commands so far that repeated the id of one handled before and so left no row of their own.
    pub repeats: u64,
    /// Records of the command log handled so far. Offsets do not count them: a log may have holes.
    pub handled: u64,
    /// Of the events so far.
    pub chain: Chain,
}

impl Cursor {
    /// The progress of an empty partition.
    #[must_use]
    pub fn start(owner: Owner) -> Self {
        Self {
            owner,
            next_offset: 0,
            next_log_position: 1,
            next_stream: 1,
            repeats: 0,
            handled: 0,
            chain: Chain::at(1),
        }
    }
}

/// What one transaction writes for one partition.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Which partition it is of.
    pub partition_id: PartitionId,
    /// The cursor before and after; the store writes iff `owner` still holds the partition.
    pub from: Cursor,
    /// The cursor once the batch is written.
    pub to: Cursor,
    /// Aggregates that have their first event in it.
    pub streams: Vec<NewStream>,
    /// Answers to commands, in the order of the command log.
    pub outcomes: Vec<OutcomeRow>,
    /// In the order of their log positions.
    pub events: Vec<EventRow>,
    /// Where the chain stands, at every log position that is marked.
    pub marks: Vec<Mark>,
    /// Applied in order, after the events.
    pub timers: Vec<TimerChange>,
    /// Records that could not be handled.
    pub dead_letters: Vec<DeadLetter>,
    /// The outcome notices for the senders of its records.
    pub notices: Vec<OutcomeNotice>,
}

impl Batch {
    /// One that begins at a cursor and has no rows yet.
    #[must_use]
    pub fn new(partition_id: PartitionId, from: Cursor) -> Self {
        Self {
            partition_id,
            from,
            to: from,
            streams: Vec::new(),
            outcomes: Vec::new(),
            events: Vec::new(),
            marks: Vec::new(),
            timers: Vec::new(),
            dead_letters: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Takes the next event into the partition's chain.
    pub fn chain(&mut self, log_position: u64, event: Checksum) {
        self.to.chain = self.to.chain.with(event);
        if log_position.is_multiple_of(MARK_LOG_POSITIONS) {
            let head = self.to.chain.head;
            self.marks.push(Mark { log_position, head });
        }
    }
}

/// The first event of an aggregate registers its key; later ones name the narrow number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStream {
    /// The number, within the partition.
    pub stream: i64,
    /// `{tenant}/{aggregate_id}`.
    pub key: Arc<str>,
}

/// An event and its place in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Number of the aggregate within the partition.
    pub stream: i64,
    /// Version of the aggregate after the event: 1, 2, 3 …
    pub sequence: u64,
    /// As it is stored; none in a row that is older than checksums.
    pub checksum: Option<Checksum>,
    /// The record as it is published.
    pub record: EventRecord,
}

/// The answer to a command, kept permanently under its id.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRow {
    /// The identity under which the answer is found.
    pub command: CommandId,
    /// Hash of the aggregate, type, data and expected version: distinguishes a retry from another command
    /// under the same id.
    pub body_hash: i64,
    /// The aggregate's stream, 0 when it has none (a rejected first command).
    pub stream: i64,
    /// The answer.
    pub outcome: Outcome,
}

impl OutcomeRow {
    /// Whether its numbers are complete: it was accepted without a break, and the stream's row holds the
    /// key.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let accepted =
            matches!(&self.outcome, Outcome::Accepted { breaks, .. } if breaks.is_empty());
        accepted && self.stream != 0
    }
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Outcome {
    /// Events `first_log_position ..` were appended; none when the command changed nothing.
    Accepted {
        /// `{tenant}/{aggregate_id}`.
        key: Arc<str>,
        /// Of the aggregate after the command.
        version: u64,
        /// Log position of the first of them; where there is none, the one that comes next.
        ///
        /// Stored under the name it had first.
        #[serde(rename = "first_position")]
        first_log_position: u64,
        /// How many.
        events: u32,
        /// Breaks that the events raise, in the context's words: accepted is not yet as asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        breaks: Vec<Box<str>>,
    },
    /// A rule stood in the way; nothing was appended.
    Rejected {
        /// `{tenant}/{aggregate_id}`.
        key: Arc<str>,
        /// Of the aggregate that refused.
        version: u64,
        /// Stable public code, such as `FOUR_EYES`.
        code: Arc<str>,
        /// The status that goes with the code.
        http_status: u16,
        /// A sentence for the caller.
        detail: Arc<str>,
    },
}

impl Outcome {
    /// `{tenant}/{aggregate_id}`.
    #[must_use]
    pub fn key(&self) -> &str {
        match self {
            Self::Accepted { key, .. } | Self::Rejected { key, .. } => key,
        }
    }

    /// Position of the last event that an accepted command covers: its own, or its partition's last one
    /// when it found nothing to change; none in an empty partition.
    #[must_use]
    pub fn last_log_position(&self) -> Option<u64> {
        match self {
            Self::Accepted {
                first_log_position,
                events,
                ..
            } => Some(first_log_position + u64::from(*events) - 1)
                .filter(|log_position| *log_position > 0),
            Self::Rejected { .. } => None,
        }
    }
}

/// The outcome of a command, as far as it is decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resolution {
    /// It has its outcome, which never changes.
    Handled(Outcome),
    /// It could not be handled, and is kept.
    Parked(ParkedCommand),
}

/// A command that is kept as a dead letter: a redrive may still handle it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedCommand {
    /// `{tenant}/{aggregate_id}`.
    pub key: Arc<str>,
    /// [`DeadReason::as_str`].
    pub reason: Arc<str>,
    /// What was wrong, in a sentence.
    pub detail: Arc<str>,
}

/// A timer is a command that is due later; it is written with the events that ask for it. An
/// aggregate has at most one timer of a name: setting it again replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerChange {
    /// It fires when it is due, unless it is cancelled before.
    Set(Timer),
    /// The timer does not fire; one that is not set is no fault.
    Cancel {
        /// `{tenant}/{aggregate_id}`.
        key: Arc<str>,
        /// As it was set.
        name: Arc<str>,
    },
}

/// A command that is due at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Also the id of the command that fires; derived from the event that set it.
    pub id: Uuid,
    /// `{tenant}/{aggregate_id}` of the aggregate that set it and receives the command.
    pub key: Arc<str>,
    /// Which of the timers of the aggregate, such as `wrap_up`.
    pub name: Arc<str>,
    /// It does not fire earlier.
    pub due: Timestamp,
    /// JSON object of the command's `type` and `data`.
    pub command: Bytes,
}

/// A command that could not be handled, kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Offset in the command partition: with the partition_id, the letter's identity.
    pub offset: i64,
    /// As the record had it.
    pub key: Option<Bytes>,
    /// As the record had it.
    pub value: Option<Bytes>,
    /// As the record had them.
    pub headers: Vec<(String, Bytes)>,
    /// When the log took the record.
    pub logged_at: Timestamp,
    /// Why, as a code.
    pub reason: DeadReason,
    /// Why, in a sentence.
    pub detail: String,
    /// The command, if the record is proven to come from the sender it names; an unproven record is
    /// attributed to no command.
    pub command: Option<CommandId>,
}

impl DeadLetter {
    /// Its headers for people, without the values that would let a reader act in the sender's name.
    pub fn headers_shown(&self) -> impl Iterator<Item = (&str, Option<&Bytes>)> {
        let headers = self.headers.iter();
        headers.map(|(name, value)| (name.as_str(), (name != AUTHORIZATION).then_some(value)))
    }
}

/// Why a command was parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadReason {
    /// Neither a command envelope nor a framed record.
    Undecodable,
    /// The registry does not know the schema id, or the context cannot read it.
    UnknownSchema,
    /// The context has no command of this name.
    UnknownType,
    /// Its sender is known, and the body is larger than the configured bound.
    TooLarge,
    /// The record is not proven to come from the tenant it names.
    NotAuthentic,
    /// Its sender is known and may not send this.
    NotAllowed,
    /// The tenant of its sender is suspended.
    TenantSuspended,
    /// The tenant of its sender was not created, where tenants have to be.
    TenantUnknown,
    /// The key is missing or not `{tenant}/{aggregate_id}`.
    BadKey,
    /// The record is in another partition than its key belongs to.
    WrongPartition,
    /// The client library could not read the record, or not all of it.
    Unreadable,
    /// Deciding it panicked, every time it was tried.
    Panicked,
    /// An earlier command of the same key is parked; order is kept.
    BehindParked,
}

impl DeadReason {
    /// Each once.
    pub const ALL: [Self; 13] = [
        Self::Undecodable,
        Self::UnknownSchema,
        Self::UnknownType,
        Self::TooLarge,
        Self::NotAuthentic,
        Self::NotAllowed,
        Self::TenantSuspended,
        Self::TenantUnknown,
        Self::BadKey,
        Self::WrongPartition,
        Self::Unreadable,
        Self::Panicked,
        Self::BehindParked,
    ];

    /// The code: a metric label and a column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::UnknownSchema => "unknown_schema",
            Self::UnknownType => "unknown_type",
            Self::TooLarge => "too_large",
            Self::NotAuthentic => "not_authentic",
            Self::NotAllowed => "not_allowed",
            Self::TenantSuspended => "tenant_suspended",
            Self::TenantUnknown => "tenant_unknown",
            Self::BadKey => "bad_key",
            Self::WrongPartition => "wrong_partition",
            Self::Unreadable => "unreadable",
            Self::Panicked => "panicked",
            Self::BehindParked => "behind_parked",
        }
    }

    /// The reverse of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    /// Whether later commands of the key park behind such a letter. Only a record proven to be one of the
    /// key's own commands is part of the key's order; any writer to the log could have put anything else
    /// there.
    #[must_use]
    pub fn blocks_key(self) -> bool {
        matches!(self, Self::TooLarge | Self::Panicked | Self::BehindParked)
    }
}
