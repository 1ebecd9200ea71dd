//! I5: every snapshot of a live projection is the fold of the events that it stands behind, byte by byte.

use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use kernel::context::Folded;
use kernel::port::{EventReader, FoldSnapshot, FoldSnapshots};
use kernel::record::Undecodable;
use kernel::topic::{self, PartitionId};
use kernel::{Fault, LiveProjection};

use super::finding::in_full;
use super::{Findings, Invariant, PAGE, bound};
use crate::follow::snapshot::{self, Place, Unusable};

/// Times that a snapshot may be replaced while it is read.
const REPLACED_MAX: usize = 3;
/// Bytes of a snapshot that a finding quotes.
const QUOTED_MAX: usize = 120;

/// Folds the events of a live projection up to where each of its snapshots stands, and compares. The
/// reader gives rows as they are stored.
pub async fn folds<R: LiveProjection>(
    store: &dyn FoldSnapshots,
    reader: &dyn EventReader,
    partitions: u16,
) -> Findings {
    let mut findings = Findings::default();
    let place = format!("snapshot of {}", R::NAME);
    let current = match current::<R>(store).await {
        Ok(current) => current,
        Err(fault) => {
            findings.uncompared(&[Invariant::I5], place, in_full(&fault));
            return findings;
        }
    };
    for (snapshot, parts) in current {
        let place = format!("{place} behind {} events", snapshot.events);
        if snapshot.shape != R::SHAPE {
            findings.note(format!("{place}: of another shape, not compared"));
            continue;
        }
        match compare::<R>(reader, &snapshot, &parts, partitions).await {
            Ok(()) => findings.snapshots += 1,
            Err(NotEqual::Unknown(fault)) => {
                findings.uncompared(&[Invariant::I5], place, in_full(&fault));
            }
            Err(refuted) => {
                findings.snapshots += 1;
                findings.violation(Invariant::I5, place, refuted);
            }
        }
    }
    findings
}

/// Why a snapshot is not known to be the fold of its events.
#[derive(Debug, thiserror::Error)]
enum NotEqual {
    #[error("what it is to be compared with cannot be read")]
    Unknown(#[from] Fault),
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("event {log_position} of {partition_id} is not known: {source}")]
    NotAnEvent {
        partition_id: PartitionId,
        log_position: u64,
        source: Undecodable,
    },
    #[error("the fold does not encode: {0}")]
    Unencodable(io::Error),
    #[error("folding the events panicked")]
    Panicked,
    #[error("it is not the fold of its events: {0}")]
    Differs(String),
}

/// The current snapshots with their parts; one that is replaced meanwhile is read again.
async fn current<R: LiveProjection>(
    store: &dyn FoldSnapshots,
) -> Result<Vec<(FoldSnapshot, Vec<Bytes>)>, Fault> {
    let question = || format!("read the snapshots of {}", R::NAME);
    for _ in 0..REPLACED_MAX {
        let current = bound::answer(question, store.current(R::NAME)).await?;
        let mut read = Vec::with_capacity(current.len());
        for snapshot in &current {
            let parts = bound::answer(question, store.parts(snapshot)).await?;
            read.push((snapshot.clone(), parts));
        }
        if bound::answer(question, store.current(R::NAME)).await? == current {
            return Ok(read);
        }
    }
    Err(Fault::bare("snapshots", "read one before it is replaced"))
}

async fn compare<R: LiveProjection>(
    reader: &dyn EventReader,
    snapshot: &FoldSnapshot,
    parts: &[Bytes],
    partitions: u16,
) -> Result<(), NotEqual> {
    let places = snapshot::places::<R>(snapshot::unpack(snapshot, parts)?, partitions)?;
    let mut value = R::default();
    for (partition_id, place) in &places {
        refold(reader, &mut value, *partition_id, place, partitions).await?;
    }
    let places = places.into_iter().map(|(_, place)| place).collect();
    let mut compared = Compared::with(snapshot::unpack(snapshot, parts)?);
    let written = sound(|| snapshot::write::<R>(places, value.keep(), &mut compared))?;
    match compared.end(written.is_ok()) {
        Some(differs) => Err(NotEqual::Differs(differs)),
        None => written.map_err(NotEqual::Unencodable),
    }
}

/// Folds one partition up to where the snapshot stands.
async fn refold<R: LiveProjection>(
    reader: &dyn EventReader,
    value: &mut R,
    partition_id: PartitionId,
    place: &Place,
    partitions: u16,
) -> Result<(), NotEqual> {
    let (mut after, mut last) = (0, None);
    let question = || format!("read events of {partition_id}");
    while after < place.log_position {
        let rows = bound::answer(question, reader.read(partition_id, after, PAGE)).await?;
        let rows = rows.iter().map(|row| &row.record);
        let rows = rows.take_while(|record| record.log_position <= place.log_position);
        let rows: Vec<_> = rows.collect();
        let Some(end) = rows.last() else {
            return Err(Unusable::Ahead(partition_id).into());
        };
        after = end.log_position;
        for record in rows {
            // As those who follow do: an event of another partition's aggregate is passed.
            if topic::partition_of(record.key.as_bytes(), partitions) != partition_id.partition {
                continue;
            }
            let decoded = R::decode(partition_id.context, record.log_position, &record.value);
            let (meta, event) = decoded.map_err(|source| NotEqual::NotAnEvent {
                partition_id,
                log_position: record.log_position,
                source,
            })?;
            last = place.last.filter(|last| last.id == meta.id).or(last);
            let event = event.map_or(Folded::Other(partition_id.context), Folded::Event);
            sound(|| value.fold(partition_id.partition, &meta, event))?;
        }
    }
    if last != place.last {
        return Err(Unusable::Ahead(partition_id).into());
    }
    Ok(())
}

fn sound<T>(fold: impl FnOnce() -> T) -> Result<T, NotEqual> {
    catch_unwind(AssertUnwindSafe(fold)).map_err(|_| NotEqual::Panicked)
}

/// Takes what it is given as long as that is what another one has, byte by byte.
struct Compared<R> {
    has: R,
    same: u64,
    differs: Option<String>,
}

impl<R: Read> Compared<R> {
    fn with(has: R) -> Self {
        Self {
            has,
            same: 0,
            differs: None,
        }
    }

    /// Where both differ; `whole`: nothing was left to be written.
    fn end(mut self, whole: bool) -> Option<String> {
        let mut more = [0];
        if self.differs.is_none() && whole && !matches!(self.has.read(&mut more), Ok(0)) {
            self.differs = Some(format!("it goes on behind byte {}", self.same));
        }
        self.differs
    }
}

impl<R: Read> Write for Compared<R> {
    fn write(&mut self, folded: &[u8]) -> io::Result<usize> {
        let mut has = Vec::new();
        let mut page = (&mut self.has).take(folded.len() as u64);
        page.read_to_end(&mut has)?;
        if has == folded {
            self.same += folded.len() as u64;
            return Ok(folded.len());
        }
        let same = folded
            .iter()
            .zip(&has)
            .take_while(|(one, other)| one == other);
        let from = same.count();
        self.differs = Some(format!(
            "from byte {} on it has {}, the fold {}",
            self.same + from as u64,
            excerpt(&has, from),
            excerpt(folded, from)
        ));
        Err(io::Error::other("both differ"))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn excerpt(json: &[u8], from: usize) -> String {
    let end = json.len().min(from + QUOTED_MAX);
    String::from_utf8_lossy(&json[from.min(end)..end]).into_owned()
}
