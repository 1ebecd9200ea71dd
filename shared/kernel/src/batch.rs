//! One partition's share of a commit: encoded, untyped, whole or not at all.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::checksum::{Chain, Checksum, MARK_LOG_POSITIONS, Mark};
use crate::id::{CommandId, Owner};
use crate::port::OutcomeNotice;
use crate::record::EventRecord;
use crate::time::Timestamp;
use crate::topic::Shard;

/// The progress of a partition's writer, all of it durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
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
    pub shard: Shard,
    /// The cursor before and after; the store writes iff `owner` still holds the partition.
    pub from: Cursor,
    pub to: Cursor,
    pub streams: Vec<NewStream>,
    pub outcomes: Vec<OutcomeRow>,
    pub events: Vec<EventRow>,
    pub marks: Vec<Mark>,
    pub timers: Vec<TimerChange>,
    pub dead_letters: Vec<DeadLetter>,
    /// The outcome notices for the senders of its records.
    pub notices: Vec<OutcomeNotice>,
}

impl Batch {
    /// One that begins at a cursor and has no rows yet.
    #[must_use]
    pub fn new(shard: Shard, from: Cursor) -> Self {
        Self {
            shard,
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
    pub stream: i64,
    pub key: Arc<str>,
}

/// An event and its place in its stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    pub stream: i64,
    pub sequence: u64,
    /// As it is stored; none in a row that is older than checksums.
    pub checksum: Option<Checksum>,
    pub record: EventRecord,
}

/// The answer to a command, kept permanently under its id.
#[derive(Clone, Debug, PartialEq)]
pub struct OutcomeRow {
    pub command: CommandId,
    /// Hash of the aggregate, type, data and expected version: distinguishes a retry from another command
    /// under the same id.
    pub body_hash: i64,
    /// The aggregate's stream, 0 when it has none (a rejected first command).
    pub stream: i64,
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
        key: Arc<str>,
        version: u64,
        /// Stored under the name it had first.
        #[serde(rename = "first_position")]
        first_log_position: u64,
        events: u32,
        /// Breaks that the events raise, in the context's words: accepted is not yet as asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        breaks: Vec<Box<str>>,
    },
    Rejected {
        key: Arc<str>,
        version: u64,
        code: Arc<str>,
        http_status: u16,
        detail: Arc<str>,
    },
}

impl Outcome {
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
    Handled(Outcome),
    Parked(ParkedCommand),
}

/// A command that is kept as a dead letter: a redrive may still handle it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedCommand {
    pub key: Arc<str>,
    /// [`DeadReason::as_str`].
    pub reason: Arc<str>,
    pub detail: Arc<str>,
}

/// A timer is a command that is due later; it is written with the events that ask for it. An
/// aggregate has at most one timer of a name: setting it again replaces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerChange {
    Set(Timer),
    Cancel { key: Arc<str>, name: Arc<str> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Also the id of the command that fires; derived from the event that set it.
    pub id: Uuid,
    pub key: Arc<str>,
    pub name: Arc<str>,
    pub due: Timestamp,
    /// JSON object of the command's `type` and `data`.
    pub command: Bytes,
}

/// A command that could not be handled, kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Offset in the command partition: with the shard, the letter's identity.
    pub offset: i64,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<(String, Bytes)>,
    /// When the log took the record.
    pub logged_at: Timestamp,
    pub reason: DeadReason,
    pub detail: String,
    /// The command, if the record is proven to come from the sender it names; an unproven record is
    /// attributed to no command.
    pub command: Option<CommandId>,
}

/// Why a command was parked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeadReason {
    /// Neither a command envelope nor a framed record.
    Undecodable,
    /// The registry does not know the schema id, or the context cannot read it.
    UnknownSchema,
    UnknownType,
    /// Its sender is known, and the body is larger than the configured bound.
    TooLarge,
    /// The record is not proven to come from the tenant it names.
    NotAuthentic,
    /// Its sender is known and may not send this.
    NotAllowed,
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
    pub const ALL: [Self; 11] = [
        Self::Undecodable,
        Self::UnknownSchema,
        Self::UnknownType,
        Self::TooLarge,
        Self::NotAuthentic,
        Self::NotAllowed,
        Self::BadKey,
        Self::WrongPartition,
        Self::Unreadable,
        Self::Panicked,
        Self::BehindParked,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undecodable => "undecodable",
            Self::UnknownSchema => "unknown_schema",
            Self::UnknownType => "unknown_type",
            Self::TooLarge => "too_large",
            Self::NotAuthentic => "not_authentic",
            Self::NotAllowed => "not_allowed",
            Self::BadKey => "bad_key",
            Self::WrongPartition => "wrong_partition",
            Self::Unreadable => "unreadable",
            Self::Panicked => "panicked",
            Self::BehindParked => "behind_parked",
        }
    }

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
