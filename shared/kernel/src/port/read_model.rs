//! Read models: the bytes of a view, with the checkpoint that moves with them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Buf, BufMut, Bytes};

use crate::checksum::{Checksum, Damaged};
use crate::code::Fault;
use crate::time::Timestamp;

/// A version of a view; versions live beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ViewId {
    /// [`View::NAME`](crate::View::NAME).
    pub name: &'static str,
    /// [`View::VERSION`](crate::View::VERSION).
    pub version: u16,
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:v{}", self.name, self.version)
    }
}

/// What a view has seen of one event partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoint {
    /// Last applied log position; 0 before the first.
    pub log_position: u64,
    /// Offset in the event log where the next record is looked for.
    pub next_offset: i64,
}

impl Checkpoint {
    /// What proves that a view has seen so much of that partition.
    #[must_use]
    pub fn checksum(&self, view: ViewId, partition: u16) -> Checksum {
        Checksum::of([
            Checksum::part(view.name.as_bytes()),
            u64::from(view.version),
            u64::from(partition),
            self.log_position,
            self.next_offset.cast_unsigned(),
        ])
    }

    /// Compares it with the checksum that is stored beside it; one older than checksums is
    /// believed.
    ///
    /// # Errors
    /// [`Damaged`].
    pub fn check(
        &self,
        view: ViewId,
        partition: u16,
        stored: Option<Checksum>,
    ) -> Result<(), Damaged> {
        match stored {
            Some(stored) if stored != self.checksum(view, partition) => {
                let row = format!("checkpoint {view}/{partition}");
                Err(Damaged::new(row, "its checksum does not fit"))
            }
            _ => Ok(()),
        }
    }
}

/// A value of a view, as a query sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewValue {
    /// Version of the aggregate that the body shows; the `ETag`.
    pub version: u64,
    /// The event partition it was folded from, and the last log position folded in.
    pub partition: u16,
    /// Of the last event that the body shows.
    pub log_position: u64,
    /// Accepted-at of the last command folded in.
    pub as_of: Timestamp,
    /// The JSON body.
    pub body: Bytes,
}

/// Version, partition, log position and time.
const META: usize = 8 + 2 + 8 + 8;
/// First byte of a value, followed by its checksum. An older value begins with its version, whose
/// first byte has always been 0.
const CHECKED: u8 = 0xc5;
/// Layout and checksum.
const PROOF: usize = 1 + 8;
/// No aggregate has as many events.
const VERSION_MAX: u64 = u32::MAX as u64;

impl ViewValue {
    /// What proves the value of that key.
    #[must_use]
    pub fn checksum(&self, key: &str) -> Checksum {
        Checksum::of([
            Checksum::part(key.as_bytes()),
            self.version,
            u64::from(self.partition),
            self.log_position,
            self.as_of.micros().cast_unsigned(),
            Checksum::part(&self.body),
        ])
    }

    /// One value for stores that keep bytes: a fixed prefix, then the body untouched.
    #[must_use]
    pub fn to_bytes(&self, key: &str) -> Bytes {
        let mut out = Vec::with_capacity(PROOF + META + self.body.len());
        self.write(key, &mut out);
        out.into()
    }

    /// Appends what [`Self::to_bytes`] gives.
    pub fn write(&self, key: &str, out: &mut Vec<u8>) {
        out.put_u8(CHECKED);
        out.put_i64(self.checksum(key).0);
        out.put_u64(self.version);
        out.put_u16(self.partition);
        out.put_u64(self.log_position);
        out.put_i64(self.as_of.micros());
        out.put_slice(&self.body);
    }

    /// The reverse of [`Self::to_bytes`]; the body shares the given memory.
    ///
    /// # Errors
    /// It is not what was written for that key. A value older than checksums is believed.
    pub fn from_bytes(key: &str, mut bytes: Bytes) -> Result<Self, Damaged> {
        let damaged = |why: &str| Damaged::new(format!("value of {key}"), why);
        let stored = match bytes.first() {
            Some(&CHECKED) if bytes.len() >= PROOF + META => {
                bytes.advance(1);
                Some(Checksum(bytes.get_i64()))
            }
            Some(0) if bytes.len() >= META => None,
            _ => return Err(damaged("it is too short, or begins with nothing we write")),
        };
        let value = Self {
            version: bytes.get_u64(),
            partition: bytes.get_u16(),
            log_position: bytes.get_u64(),
            as_of: Timestamp::from_micros(bytes.get_i64()),
            body: bytes,
        };
        let holds = match stored {
            Some(stored) => value.checksum(key) == stored,
            None => value.version <= VERSION_MAX && value.body.first() == Some(&b'{'),
        };
        if holds {
            Ok(value)
        } else {
            Err(damaged("its checksum does not fit"))
        }
    }
}

/// What one projection step writes for one event partition, whole or not at all.
#[derive(Clone, Debug)]
pub struct ViewBatch {
    /// Whose values.
    pub view: ViewId,
    /// The event partition they were folded from.
    pub partition: u16,
    /// Where the checkpoint has to be, or nothing is written.
    pub from: Checkpoint,
    /// Where it is afterwards.
    pub to: Checkpoint,
    /// Key `{tenant}/{view key}` and value.
    pub puts: Vec<(Arc<str>, ViewValue)>,
}

/// Whether a batch was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Values and checkpoint are there.
    Written,
    /// The checkpoint was not at `from`: another projector moved it, or the model lost it.
    Refused,
}

/// A page of a listing: key and value.
pub type Listed = Vec<(Arc<str>, ViewValue)>;

/// How often a caught-up projector vouches for its values; a reader's trust lasts three of them.
pub const READY_PERIOD: Duration = Duration::from_secs(5);

/// A place where views live.
///
/// ```
/// use std::sync::Arc;
///
/// use kernel::Fault;
/// use kernel::port::{Applied, Checkpoint, ReadModel, ViewBatch, ViewId, ViewValue};
///
/// /// Writes the values of one event. `false`: another projector was there before.
/// async fn project(
///     model: &dyn ReadModel,
///     (view, partition): (ViewId, u16),
///     puts: Vec<(Arc<str>, ViewValue)>,
/// ) -> Result<bool, Fault> {
///     let from = model.checkpoint(view, partition).await?;
///     let to = Checkpoint {
///         log_position: from.log_position + 1,
///         next_offset: from.next_offset + 1,
///     };
///     let batch = ViewBatch { view, partition, from, to, puts };
///     Ok(model.apply(batch).await? == Applied::Written)
/// }
/// ```
#[async_trait]
pub trait ReadModel: Send + Sync {
    /// What the model has seen of the partition.
    ///
    /// # Errors
    /// The model cannot be reached.
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault>;

    /// What the model has seen of several views and partitions, in their order: by one question, of a
    /// model that a question has to travel to.
    ///
    /// # Errors
    /// The model cannot be reached.
    async fn checkpoints(&self, asked: &[(ViewId, u16)]) -> Result<Vec<Checkpoint>, Fault> {
        let mut seen = Vec::with_capacity(asked.len());
        for (view, partition) in asked {
            seen.push(self.checkpoint(*view, *partition).await?);
        }
        Ok(seen)
    }

    /// Writes values and checkpoint together iff the checkpoint is at `from`.
    ///
    /// # Errors
    /// The model cannot be reached; the batch may or may not have been written.
    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault>;

    /// Lets queries trust the partition's values, iff the checkpoint is at `at`; called when the
    /// projector has caught up, and again every [`READY_PERIOD`] while it is alive. A model that
    /// never loses what it received has nothing to do.
    ///
    /// # Errors
    /// The model cannot be reached.
    async fn mark_ready(
        &self,
        _view: ViewId,
        _partition: u16,
        _at: Checkpoint,
    ) -> Result<Applied, Fault> {
        Ok(Applied::Written)
    }

    /// The values of the keys, in their order.
    ///
    /// # Errors
    /// The model cannot be reached.
    async fn get(&self, view: ViewId, keys: &[Arc<str>]) -> Result<Vec<Option<ViewValue>>, Fault>;

    /// Up to `max` values whose key starts with `prefix` and is above `after`, in key order.
    ///
    /// # Errors
    /// The model cannot be reached, or cannot list.
    async fn list(
        &self,
        view: ViewId,
        prefix: &str,
        after: Option<&str>,
        max: usize,
    ) -> Result<Listed, Fault>;

    /// Forgets the view's values and checkpoints.
    ///
    /// # Errors
    /// The model cannot be reached.
    async fn clear(&self, view: ViewId) -> Result<(), Fault>;
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "demo/T-1";

    fn value() -> ViewValue {
        ViewValue {
            version: 3,
            partition: 11,
            log_position: 99,
            as_of: Timestamp::from_millis(5),
            body: Bytes::from_static(b"{}"),
        }
    }

    #[test]
    fn value_survives_its_bytes() {
        let read = ViewValue::from_bytes(KEY, value().to_bytes(KEY));
        assert_eq!(read, Ok(value()));
    }

    #[test]
    fn value_of_another_key_is_refused() {
        let damaged = ViewValue::from_bytes("demo/T-2", value().to_bytes(KEY)).unwrap_err();
        assert_eq!(damaged.row, "value of demo/T-2");
    }

    #[test]
    fn value_with_any_byte_changed_or_cut_off_is_refused() {
        let whole = value().to_bytes(KEY);
        for place in 0..whole.len() {
            assert!(ViewValue::from_bytes(KEY, whole.slice(..place)).is_err());
            for flip in 1..=u8::MAX {
                let mut bytes = whole.to_vec();
                bytes[place] ^= flip;
                let read = ViewValue::from_bytes(KEY, bytes.into());
                assert!(read.is_err(), "byte {place} ^ {flip}");
            }
        }
    }

    #[test]
    fn value_of_before_there_were_checksums_is_believed() {
        let before = value().to_bytes(KEY).slice(PROOF..);
        assert_eq!(ViewValue::from_bytes(KEY, before), Ok(value()));
    }
}
