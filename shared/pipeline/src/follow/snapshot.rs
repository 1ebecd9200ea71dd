//! One snapshot of a live projection: how it is written, and everything that is asked of it before it is
//! believed.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::{Bytes, BytesMut};
use kernel::id::EventId;
use kernel::port::{Checkpoint, FOLD_PART_BYTES, FoldSnapshot};
use kernel::topic::PartitionId;
use kernel::{EventMeta, LiveProjection};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Bytes of JSON, at most 4 GiB: a value that says more would be too large for a process itself.
const JSON_BYTES_MAX: u64 = 1 << 32;
/// Parts, at most: 256 MiB, which a start holds beside the value. JSON of this kind shrinks to a tenth and
/// less.
const PARTS_MAX: usize = 256;
/// Bytes of JSON that are packed or unpacked at once.
const JSON_PAGE: usize = 1 << 16;
/// The least that zstd offers: a snapshot is written far more often than it is read.
const LEVEL: i32 = 1;

/// How far a partition had been folded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) context: Box<str>,
    pub(crate) partition: u16,
    pub(crate) log_position: u64,
    /// Where in the log the next event is looked for.
    pub(crate) next_offset: i64,
    pub(crate) last: Option<LastEvent>,
}

/// The last event that was folded: what makes sure that the log is the one of then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct LastEvent {
    pub(crate) log_position: u64,
    pub(crate) id: EventId,
}

impl LastEvent {
    pub(crate) fn of(meta: &EventMeta) -> Self {
        Self {
            log_position: meta.log_position,
            id: meta.id,
        }
    }
}

impl Place {
    pub(crate) fn new(
        partition_id: PartitionId,
        done: Checkpoint,
        last: Option<LastEvent>,
    ) -> Self {
        Self {
            context: partition_id.context.into(),
            partition: partition_id.partition,
            log_position: done.log_position,
            next_offset: done.next_offset,
            last,
        }
    }

    pub(crate) fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            log_position: self.log_position,
            next_offset: self.next_offset,
        }
    }
}

/// Why a snapshot is not used; the events say the same.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("parts of it are missing")]
    Incomplete,
    #[error("its checksum does not fit")]
    Checksum,
    #[error("it cannot be unpacked")]
    Packed(#[source] io::Error),
    #[error("it does not decode")]
    Undecodable(#[source] serde_json::Error),
    #[error("decoding it panicked")]
    Panicked,
    #[error("it is of other contexts or partitions")]
    OtherPlaces,
    #[error("it stands ahead of {0}, whose events are not those that were folded")]
    Ahead(PartitionId),
}

impl Unusable {
    /// The metric label.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Checksum => "wrong_checksum",
            Self::Packed(_) | Self::Undecodable(_) | Self::Panicked => "undecodable",
            Self::OtherPlaces => "other_partitions",
            Self::Ahead(_) => "ahead",
        }
    }
}

/// What a snapshot says, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(bound(deserialize = "K: DeserializeOwned"))]
struct Body<K> {
    places: Vec<Place>,
    state: K,
}

/// A snapshot and its parts, of what was kept behind those places.
///
/// # Errors
/// It does not encode, or is too large.
pub(crate) fn encode<R: LiveProjection>(
    places: Vec<Place>,
    state: R::Kept,
) -> Result<(FoldSnapshot, Vec<Bytes>), io::Error> {
    let events = places.iter().map(|place| place.log_position).sum();
    let packed = zstd::Encoder::new(Parts::default(), LEVEL)?;
    let mut json = Bounded {
        out: BufWriter::with_capacity(JSON_PAGE, packed),
        left: JSON_BYTES_MAX,
    };
    serde_json::to_writer(&mut json, &Body { places, state })?;
    let packed = json
        .out
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    let parts = packed.finish()?.end();
    let snapshot = FoldSnapshot::of(R::NAME, R::SHAPE, events, &parts);
    Ok((snapshot, parts))
}

/// Writes the JSON that a snapshot of it would have.
///
/// # Errors
/// It does not encode, or is not what `out` takes.
pub(crate) fn write<R: LiveProjection>(
    places: Vec<Place>,
    state: R::Kept,
    out: &mut impl Write,
) -> Result<(), io::Error> {
    let mut out = BufWriter::with_capacity(JSON_PAGE, out);
    serde_json::to_writer(&mut out, &Body { places, state })?;
    out.flush()
}

/// The JSON of a snapshot that is whole; unpacked as it is read, so that it is in memory only page by
/// page.
pub(crate) fn unpack<'p>(
    snapshot: &FoldSnapshot,
    parts: &'p [Bytes],
) -> Result<impl Read + use<'p>, Unusable> {
    if u32::try_from(parts.len()) != Ok(snapshot.parts) {
        return Err(Unusable::Incomplete);
    }
    if !snapshot.fits(parts) {
        return Err(Unusable::Checksum);
    }
    let packed = zstd::Decoder::new(Unread { parts, read: 0 }).map_err(Unusable::Packed)?;
    let json = packed.take(JSON_BYTES_MAX);
    Ok(BufReader::with_capacity(JSON_PAGE, json))
}

/// What was folded, and how far; with the partition_ids of this program, which must be the same.
pub(crate) fn restore<R: LiveProjection>(
    json: impl Read,
    partitions: u16,
) -> Result<(R, Vec<(PartitionId, Place)>), Unusable> {
    let restored = catch_unwind(AssertUnwindSafe(|| {
        let body: Body<R::Kept> = serde_json::from_reader(json)?;
        Ok((R::restored(body.state), body.places))
    }));
    let restored = restored.map_err(|_| Unusable::Panicked)?;
    let (value, places) = restored.map_err(Unusable::Undecodable)?;
    Ok((value, partition_ids::<R>(places, partitions)?))
}

/// The places of a snapshot's JSON.
pub(crate) fn places<R: LiveProjection>(
    json: impl Read,
    partitions: u16,
) -> Result<Vec<(PartitionId, Place)>, Unusable> {
    let body: Body<serde::de::IgnoredAny> =
        serde_json::from_reader(json).map_err(Unusable::Undecodable)?;
    partition_ids::<R>(body.places, partitions)
}

fn partition_ids<R: LiveProjection>(
    places: Vec<Place>,
    partitions: u16,
) -> Result<Vec<(PartitionId, Place)>, Unusable> {
    let mut contexts = R::ON.to_vec();
    contexts.sort_unstable();
    let partition_ids = contexts.into_iter().flat_map(|context| {
        let partitions = 0..partitions;
        partitions.map(move |partition| PartitionId { context, partition })
    });
    let partition_ids: Vec<_> = partition_ids.collect();
    let named = |(partition_id, place): (&PartitionId, &Place)| {
        *place.context == *partition_id.context && place.partition == partition_id.partition
    };
    if partition_ids.len() != places.len() || !partition_ids.iter().zip(&places).all(named) {
        return Err(Unusable::OtherPlaces);
    }
    Ok(partition_ids.into_iter().zip(places).collect())
}

/// Refuses to write more than so many bytes.
struct Bounded<W> {
    out: W,
    left: u64,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let left = self.left.checked_sub(bytes.len() as u64);
        self.left = left.ok_or_else(|| io::Error::other("a snapshot may not be so large"))?;
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Cuts what is written into parts.
#[derive(Default)]
struct Parts {
    full: Vec<Bytes>,
    last: BytesMut,
}

impl Parts {
    fn end(mut self) -> Vec<Bytes> {
        self.full.push(self.last.freeze());
        self.full
    }
}

impl Write for Parts {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.last.len() == FOLD_PART_BYTES {
            if self.full.len() + 1 == PARTS_MAX {
                return Err(io::Error::other("a snapshot may not be so large"));
            }
            self.full.push(self.last.split().freeze());
        }
        let room = FOLD_PART_BYTES - self.last.len();
        let taken = &bytes[..room.min(bytes.len())];
        self.last.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads parts one after the other.
struct Unread<'p> {
    parts: &'p [Bytes],
    /// Bytes of the first one that were read.
    read: usize,
}

impl Read for Unread<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some((part, rest)) = self.parts.split_first() {
            let mut left = &part[self.read..];
            if !left.is_empty() {
                let read = left.read(into)?;
                self.read += read;
                return Ok(read);
            }
            (self.parts, self.read) = (rest, 0);
        }
        Ok(0)
    }
}
