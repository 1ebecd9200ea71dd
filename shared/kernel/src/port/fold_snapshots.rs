//! Snapshots of live projections, so that a process that starts reads the newest events only.
//!
//! A snapshot of a fold is disposable, as one of an aggregate is: its reader checks it, and
//! where it is missing or wrong the events say the same, later. It may be large, so it is put part by
//! part and counts once it is published.

use async_trait::async_trait;
use bytes::Bytes;

use crate::checksum::Checksum;
use crate::code::Fault;

/// Bytes of a part, at most: a store's only writer is not held for long, and a reader's memory grows
/// by no more than that at once.
pub const FOLD_PART_BYTES: usize = 1 << 20;

/// Which snapshot of which live projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoldSnapshot {
    /// [`LiveProjection::NAME`](crate::LiveProjection::NAME).
    pub projection: Box<str>,
    /// Version of the state's shape, [`LiveProjection::SHAPE`](crate::LiveProjection::SHAPE) when it
    /// was taken.
    pub shape: u16,
    /// Events that it stands behind: the sum of the log positions of all partitions.
    pub events: u64,
    /// Parts that its bytes are kept in, 0, 1, 2 …
    pub parts: u32,
    /// Over everything else and the bytes. Stores keep it and do not understand it.
    pub checksum: i64,
}

/// Where snapshots of live projections are kept, beside the events. Of each projection and shape one is
/// current. Every process that follows may write: the one that stands behind more events stays.
///
/// ```
/// use bytes::Bytes;
/// use kernel::Fault;
/// use kernel::port::{FoldSnapshot, FoldSnapshots};
///
/// /// Whether it is current now.
/// async fn save(
///     store: &dyn FoldSnapshots,
///     snapshot: &FoldSnapshot,
///     parts: &[Bytes],
/// ) -> Result<bool, Fault> {
///     for (number, part) in (0..).zip(parts) {
///         store.put(snapshot, number, part).await?;
///     }
///     store.publish(snapshot).await
/// }
/// ```
#[async_trait]
pub trait FoldSnapshots: Send + Sync {
    /// The current snapshots of the projection, one of each shape, in the order of shapes.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn current(&self, projection: &str) -> Result<Vec<FoldSnapshot>, Fault>;

    /// The parts of a snapshot in their order. Fewer than it has: it is not current any more, or is
    /// damaged.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn parts(&self, snapshot: &FoldSnapshot) -> Result<Vec<Bytes>, Fault>;

    /// Keeps a part, of up to [`FOLD_PART_BYTES`], in the place of what was kept of it. It is not
    /// read before its snapshot is published.
    ///
    /// # Errors
    /// The store cannot be reached; nothing depends on it.
    async fn put(&self, snapshot: &FoldSnapshot, part: u32, bytes: &Bytes) -> Result<(), Fault>;

    /// Makes the snapshot current in one transaction, if all its parts are there and the current one of
    /// its shape stands behind fewer events; answers whether it is current now. Removes what it
    /// replaces: snapshots of lower shapes, and parts of its own shape that stand behind no more events,
    /// published or not.
    ///
    /// # Errors
    /// The store cannot be reached, or the answer was lost.
    async fn publish(&self, snapshot: &FoldSnapshot) -> Result<bool, Fault>;

    /// Forgets the snapshot and every part of its shape, unless another one is current.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn discard(&self, snapshot: &FoldSnapshot) -> Result<(), Fault>;
}

impl FoldSnapshot {
    /// Of these parts.
    #[must_use]
    pub fn of(projection: &str, shape: u16, events: u64, parts: &[Bytes]) -> Self {
        let mut snapshot = Self {
            projection: projection.into(),
            shape,
            events,
            parts: u32::try_from(parts.len()).unwrap_or(u32::MAX),
            checksum: 0,
        };
        snapshot.checksum = snapshot.checksum_with(parts);
        snapshot
    }

    /// Whether these are its parts, and nothing it says of itself was changed.
    #[must_use]
    pub fn fits(&self, parts: &[Bytes]) -> bool {
        self.checksum == self.checksum_with(parts)
    }

    fn checksum_with(&self, parts: &[Bytes]) -> i64 {
        let bytes = parts.iter().fold(0, |before, part| {
            let both = Checksum::of([before, Checksum::part(part)]);
            both.0.cast_unsigned()
        });
        let all = Checksum::of([
            Checksum::part(self.projection.as_bytes()),
            self.shape.into(),
            self.events,
            self.parts.into(),
            bytes,
        ]);
        all.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshot_fits_its_own_parts_and_no_others() {
        let parts = [Bytes::from_static(b"a"), Bytes::from_static(b"bc")];
        let snapshot = FoldSnapshot::of("floor", 2, 7, &parts);
        assert!(snapshot.fits(&parts));
        let moved = [Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
        assert!(!snapshot.fits(&moved));
        assert!(!snapshot.fits(&parts[..1]));
        for other in [
            FoldSnapshot {
                projection: "metrics".into(),
                ..snapshot.clone()
            },
            FoldSnapshot {
                shape: 3,
                ..snapshot.clone()
            },
            FoldSnapshot {
                events: 8,
                ..snapshot.clone()
            },
            FoldSnapshot {
                parts: 3,
                ..snapshot.clone()
            },
        ] {
            assert!(!other.fits(&parts), "{other:?}");
        }
    }
}
