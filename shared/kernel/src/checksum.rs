//! Checksums of stored rows, and the chain that runs through a partition's events.
//!
//! A checksum is 64 bits of xxh3 over the whole content of a row and its location. It detects accidents,
//! not somebody who recomputes it. A reader checks each row by itself; an event that was rewritten
//! together with its checksum breaks the chain.

use bytes::Bytes;
use xxhash_rust::xxh3::xxh3_64;

use crate::batch::{Cursor, DeadLetter, EventRow, Outcome, OutcomeRow, Timer};
use crate::port::{EffectPartition, OutcomeNotice, ParkedCall};
use crate::time::Timestamp;
use crate::topic::PartitionId;

/// The checksum of a row's content when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checksum(pub i64);

/// A stored row that differs from what was written. Every reader refuses it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{row} is damaged: {why}")]
pub struct Damaged {
    /// Which row, for a person.
    pub row: String,
    /// How it differs.
    pub why: String,
}

impl Damaged {
    /// A row and how it differs.
    pub fn new(row: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            row: row.into(),
            why: why.into(),
        }
    }
}

/// A row that a store keeps of a partition.
pub trait Row {
    /// Over its whole content and its location.
    fn checksum(&self, partition_id: PartitionId) -> Checksum;

    /// What a person calls it.
    fn name(&self, partition_id: PartitionId) -> String;

    /// Compares the row with the checksum that is stored beside it. A row that has none was written
    /// before there were checksums, and is believed.
    ///
    /// # Errors
    /// [`Damaged`].
    fn check(&self, partition_id: PartitionId, stored: Option<Checksum>) -> Result<(), Damaged> {
        let fits = stored.is_none_or(|stored| stored == self.checksum(partition_id));
        let damaged = || Damaged::new(self.name(partition_id), "its checksum does not fit");
        if fits { Ok(()) } else { Err(damaged()) }
    }
}

/// What a store does with a row that is not what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// It is refused: what is given has been checked.
    Proven,
    /// It is returned; the reader checks it.
    AsStored,
}

impl Rows {
    /// # Errors
    /// [`Damaged`]: the row is to be refused.
    pub fn check<R: Row>(
        self,
        partition_id: PartitionId,
        row: &R,
        stored: Option<i64>,
    ) -> Result<(), Damaged> {
        match self {
            Self::Proven => row.check(partition_id, stored.map(Checksum)),
            Self::AsStored => Ok(()),
        }
    }
}

impl Checksum {
    /// Of the parts of something, in their order; each a number, or the [`Self::part`] of bytes.
    #[must_use]
    pub fn of<const PARTS: usize>(parts: [u64; PARTS]) -> Self {
        let bytes = parts.map(u64::to_le_bytes);
        Self(xxh3_64(bytes.as_flattened()).cast_signed())
    }

    /// A part that is made of bytes.
    #[must_use]
    pub fn part(bytes: &[u8]) -> u64 {
        xxh3_64(bytes)
    }
}

/// What is proven of an event, wherever its parts are stored.
#[derive(Clone, Copy, Debug)]
pub struct EventParts<'r> {
    /// Its place in the partition.
    pub log_position: u64,
    /// `{tenant}/{aggregate_id}`.
    pub key: &'r str,
    /// Version of the aggregate after the event.
    pub sequence: u64,
    /// The JSON of the record.
    pub record: &'r [u8],
}

impl Row for EventParts<'_> {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            self.log_position,
            text(self.key),
            self.sequence,
            xxh3_64(self.record),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        format!(
            "event {partition_id} position {} of {}",
            self.log_position, self.key
        )
    }
}

impl EventRow {
    fn parts(&self) -> EventParts<'_> {
        EventParts {
            log_position: self.record.log_position,
            key: &self.record.key,
            sequence: self.sequence,
            record: &self.record.value,
        }
    }
}

impl Row for EventRow {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        self.parts().checksum(partition_id)
    }

    fn name(&self, partition_id: PartitionId) -> String {
        self.parts().name(partition_id)
    }
}

impl Row for OutcomeRow {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        let (high, low) = self.command.0.as_u64_pair();
        let outcome = match &self.outcome {
            Outcome::Accepted {
                key,
                version,
                first_log_position,
                events,
                breaks,
            } => {
                let (key, events) = (text(key), u64::from(*events));
                if breaks.is_empty() {
                    Checksum::of([1, key, *version, *first_log_position, events])
                } else {
                    let breaks = text(&breaks.join(","));
                    Checksum::of([3, key, *version, *first_log_position, events, breaks])
                }
            }
            Outcome::Rejected {
                key,
                version,
                code,
                http_status,
                detail,
            } => Checksum::of([
                2,
                text(key),
                *version,
                text(code),
                u64::from(*http_status),
                text(detail),
            ]),
        };
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            high,
            low,
            self.body_hash.cast_unsigned(),
            self.stream.cast_unsigned(),
            outcome.0.cast_unsigned(),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        format!("outcome {partition_id} of command {}", self.command)
    }
}

/// Without the state of the letter, which changes.
impl Row for DeadLetter {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            self.offset.cast_unsigned(),
            optional(self.key.as_ref()),
            optional(self.value.as_ref()),
            all(&self.headers),
            self.logged_at.micros().cast_unsigned(),
            text(self.reason.as_str()),
            text(&self.detail),
            self.command.map_or(0, |command| {
                let (high, low) = command.0.as_u64_pair();
                Checksum::of([high, low]).0.cast_unsigned()
            }),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        format!("dead letter {partition_id}/{}", self.offset)
    }
}

/// The key of a dead letter by itself: which keys are parked is asked without reading the letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParkedKey(pub Bytes);

impl Row for ParkedKey {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            xxh3_64(&self.0),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        let key = String::from_utf8_lossy(&self.0);
        format!("parked key {partition_id} {key}")
    }
}

impl Row for OutcomeNotice {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            self.offset.cast_unsigned(),
            optional(self.key.as_ref()),
            xxh3_64(&self.value),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        format!("notice {partition_id}/{}", self.offset)
    }
}

/// A parked call and the effect it is of, without its state, which changes.
#[derive(Clone, Copy, Debug)]
pub struct ParkedCallRow<'r> {
    /// Name of the effect.
    pub effect: &'r str,
    /// The row without its effect and partition.
    pub call: &'r ParkedCall,
}

impl<'r> ParkedCallRow<'r> {
    /// The row of a call that is parked there.
    #[must_use]
    pub fn new(at: EffectPartition, call: &'r ParkedCall) -> Self {
        Self {
            effect: at.effect,
            call,
        }
    }
}

impl Row for ParkedCallRow<'_> {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        let parked = self.call;
        let call = parked.call.as_ref();
        let (high, low) = parked.id.0.0.as_u64_pair();
        let call = call.map_or(0, |call| {
            let parts = [text(&call.operation), xxh3_64(&call.body)];
            Checksum::of(parts).0.cast_unsigned()
        });
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            text(self.effect),
            parked.place.log_position,
            u64::from(parked.place.n),
            text(&parked.key),
            high,
            low,
            call,
            text(parked.reason.as_str()),
            text(&parked.detail),
            u64::from(parked.tries),
            parked.parked_at.micros().cast_unsigned(),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        format!(
            "parked call {}, {partition_id} {}",
            self.effect, self.call.place
        )
    }
}

/// A record of a command log whose rows are our own.
#[derive(Clone, Copy, Debug)]
pub struct CommandRow<'r> {
    /// Of the record in the command partition.
    pub offset: i64,
    /// When the log took the record.
    pub logged_at: Timestamp,
    /// As the record had it.
    pub key: &'r [u8],
    /// As the record had it.
    pub value: &'r [u8],
    /// As they are stored: what of them cannot be read counts as well.
    pub headers: &'r [u8],
}

impl Row for CommandRow<'_> {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            self.offset.cast_unsigned(),
            self.logged_at.micros().cast_unsigned(),
            xxh3_64(self.key),
            xxh3_64(self.value),
            xxh3_64(self.headers),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        format!("command {partition_id} offset {}", self.offset)
    }
}

impl Row for Timer {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        let (high, low) = self.id.as_u64_pair();
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            high,
            low,
            text(&self.key),
            text(&self.name),
            self.due.micros().cast_unsigned(),
            xxh3_64(&self.command),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        format!(
            "timer {} {} of {}",
            partition_id.context, self.name, self.key
        )
    }
}

/// Without the owner, which every takeover rotates.
impl Row for Cursor {
    fn checksum(&self, partition_id: PartitionId) -> Checksum {
        Checksum::of([
            text(partition_id.context),
            u64::from(partition_id.partition),
            self.next_offset.cast_unsigned(),
            self.next_log_position,
            self.next_stream.cast_unsigned(),
            self.repeats,
            self.handled,
            self.chain.from,
            self.chain.head.0.cast_unsigned(),
        ])
    }

    fn name(&self, partition_id: PartitionId) -> String {
        format!("cursor {partition_id}")
    }
}

/// Positions from one mark of a chain to the next.
pub const MARK_LOG_POSITIONS: u64 = 1_000;

/// A running hash over the checksums of a partition's events, in log position order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The first log position it covers; events before it are older than the chain.
    pub from: u64,
    /// The hash over the checksums of all events so far.
    pub head: Checksum,
}

impl Chain {
    /// A chain without an event, the first of which will have that log position.
    #[must_use]
    pub fn at(from: u64) -> Self {
        let head = Checksum(0);
        Self { from, head }
    }

    /// The chain with the next event.
    #[must_use]
    pub fn with(self, event: Checksum) -> Self {
        let head = Checksum::of([self.head.0.cast_unsigned(), event.0.cast_unsigned()]);
        Self { head, ..self }
    }
}

/// The chain after an event. Marks show which part of a partition was rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Of the last event it covers.
    pub log_position: u64,
    /// The head of the chain after that event.
    pub head: Checksum,
}

fn text(text: &str) -> u64 {
    xxh3_64(text.as_bytes())
}

fn optional(bytes: Option<&Bytes>) -> u64 {
    let joined = match bytes {
        Some(bytes) => Checksum::of([1, xxh3_64(bytes)]),
        None => Checksum::of([0]),
    };
    joined.0.cast_unsigned()
}

fn all(headers: &[(String, Bytes)]) -> u64 {
    headers.iter().fold(0, |before, (name, value)| {
        Checksum::of([before, text(name), xxh3_64(value)])
            .0
            .cast_unsigned()
    })
}
