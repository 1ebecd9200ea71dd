//! Read models: the bytes of a view, with the checkpoint that moves with them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut, Bytes};

use crate::code::Fault;
use crate::time::Timestamp;

/// A version of a view; versions live beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ViewId {
    pub name: &'static str,
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
    /// Last applied position; 0 before the first.
    pub position: u64,
    /// Offset in the event log where the next record is looked for.
    pub next_offset: i64,
}

/// A value of a view, as a query sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewValue {
    /// Version of the aggregate that the body shows; the `ETag`.
    pub version: u64,
    /// The event partition it was folded from, and the last position folded in.
    pub partition: u16,
    pub position: u64,
    /// Accepted-at of the last command folded in.
    pub as_of: Timestamp,
    /// The JSON body.
    pub body: Bytes,
}

const PREFIX: usize = 8 + 2 + 8 + 8;

impl ViewValue {
    /// One value for stores that keep bytes: a fixed prefix, then the body untouched.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::with_capacity(PREFIX + self.body.len());
        self.write(&mut out);
        out.into()
    }

    /// Appends what [`Self::to_bytes`] gives.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.put_u64(self.version);
        out.put_u16(self.partition);
        out.put_u64(self.position);
        out.put_i64(self.as_of.micros());
        out.put_slice(&self.body);
    }

    /// The reverse of [`Self::to_bytes`]; the body shares the given memory. `None` when too short.
    #[must_use]
    pub fn from_bytes(mut bytes: Bytes) -> Option<Self> {
        use bytes::Buf;
        if bytes.len() < PREFIX {
            return None;
        }
        Some(Self {
            version: bytes.get_u64(),
            partition: bytes.get_u16(),
            position: bytes.get_u64(),
            as_of: Timestamp::from_micros(bytes.get_i64()),
            body: bytes,
        })
    }
}

/// What one projection step writes for one event partition, whole or not at all.
#[derive(Clone, Debug)]
pub struct ViewBatch {
    pub view: ViewId,
    pub partition: u16,
    pub from: Checkpoint,
    pub to: Checkpoint,
    /// Key `{tenant}/{view key}` and value.
    pub puts: Vec<(Arc<str>, ViewValue)>,
}

/// Whether a batch was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    Written,
    /// The checkpoint was not at `from`: another projector moved it, or the model lost it.
    Refused,
}

/// A page of a listing: key and value.
pub type Listed = Vec<(Arc<str>, ViewValue)>;

/// How often a caught-up projector vouches for its values; a reader's trust lasts three of them.
pub const READY_PERIOD: Duration = Duration::from_secs(5);

/// A place where views live.
#[async_trait]
pub trait ReadModel: Send + Sync {
    /// What the model has seen of the partition.
    ///
    /// # Errors
    /// The model cannot be reached.
    async fn checkpoint(&self, view: ViewId, partition: u16) -> Result<Checkpoint, Fault>;

    /// Writes values and checkpoint together iff the checkpoint stands at `from`.
    ///
    /// # Errors
    /// The model cannot be reached; the batch may or may not have been written.
    async fn apply(&self, batch: ViewBatch) -> Result<Applied, Fault>;

    /// Lets queries trust the partition's values, iff the checkpoint stands at `at`; called when the
    /// projector has caught up, and again every [`READY_PERIOD`] while it is alive. A model that
    /// never loses what it was told has nothing to do.
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

    #[test]
    fn value_survives_its_bytes() {
        let value = ViewValue {
            version: 3,
            partition: 11,
            position: 99,
            as_of: Timestamp::from_millis(5),
            body: Bytes::from_static(b"{}"),
        };
        assert_eq!(ViewValue::from_bytes(value.to_bytes()), Some(value));
        assert_eq!(ViewValue::from_bytes(Bytes::from_static(b"short")), None);
    }
}
