//! Misplaced streams: an aggregate whose commands were once handled in a partition that its key does not
//! belong to has a stream there beside its own.
//!
//! Nobody is given the events of such a stream. Its commands are sent to the partition of their key,
//! under the identity they have, and decided there: sending them twice has one effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Fault;
use kernel::port::{CommandLog, EventReader, NewRecord, Pace, Record};
use kernel::topic::{self, Shard};

/// Events or commands read at once, and commands appended.
const PAGE: usize = 1_000;

/// Finds misplaced streams, and sends their commands to where they belong.
pub struct Misplaced {
    pub reader: Arc<dyn EventReader>,
    pub command_log: Arc<dyn CommandLog>,
    /// Partitions per topic.
    pub partitions: u16,
}

/// Keys of misplaced streams, each with the number of its events.
pub type Streams = BTreeMap<Arc<str>, u64>;

impl Misplaced {
    /// The streams of a partition whose keys belong to another one. Reads all its events.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn find(&self, shard: Shard) -> Result<Streams, Fault> {
        let (mut streams, mut after) = (Streams::new(), 0);
        loop {
            let page = self.reader.read(shard, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(streams);
            };
            after = last.record.position;
            for row in page {
                if self.home(row.record.key.as_bytes()) != shard.partition {
                    *streams.entry(row.record.key).or_default() += 1;
                }
            }
        }
    }

    /// Appends the commands of these streams again, to the partitions of their keys; how many there
    /// were.
    ///
    /// # Errors
    /// The log cannot be reached, or does not hold all its commands any more; some may be in it twice
    /// then, which is harmless.
    pub async fn send_on(&self, shard: Shard, streams: &Streams) -> Result<usize, Fault> {
        let readers = self.command_log.follow(shard.context, Pace::Prompt).await?;
        let reader = readers
            .into_iter()
            .find(|reader| reader.partition() == shard.partition);
        let nobody = || Fault::bare("command log", format!("{shard} has no reader"));
        let mut reader = reader.ok_or_else(nobody)?;
        let end = reader.end().await?;
        reader.seek(0).await?;
        let (mut next, mut sent, mut page) = (0, 0, Vec::new());
        while next < end && reader.readable_after(next).await? < end {
            reader.take(PAGE, &mut page).await?;
            next = page.last().map_or(end, |last| last.offset + 1);
            let records = page
                .drain(..)
                .filter_map(|record| copy(shard, record, streams));
            let records: Vec<_> = records.collect();
            sent += records.len();
            if !records.is_empty() {
                self.command_log.append(records).await?;
            }
        }
        Ok(sent)
    }

    /// The partition of a key.
    #[must_use]
    pub fn home(&self, key: &[u8]) -> u16 {
        topic::partition_of(key, self.partitions)
    }
}

/// The record as it came, if it is of one of the streams: what was signed keeps its signature.
fn copy(shard: Shard, record: Record, streams: &Streams) -> Option<NewRecord> {
    let key = std::str::from_utf8(record.key.as_deref()?).ok()?;
    let (key, _) = streams.get_key_value(key)?;
    Some(NewRecord {
        context: shard.context,
        key: Arc::clone(key),
        value: record.value?,
        headers: record.headers,
    })
}
