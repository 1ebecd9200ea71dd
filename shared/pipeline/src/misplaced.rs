//! Misplaced streams: an aggregate whose commands were once handled in a partition that its key does not
//! belong to has a stream there beside its own.
//!
//! No consumer is given the events of such a stream. Its commands are sent to the partition of their key,
//! under the identity they have, and decided there: sending them twice has one effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Fault;
use kernel::port::{CommandLog, EventReader, NewRecord, Pace, Record};
use kernel::topic::{self, PartitionId};

/// Events or commands read at once, and commands appended.
const PAGE: usize = 1_000;

/// Finds misplaced streams, and sends their commands to where they belong.
pub struct Misplaced {
    /// Where streams are looked for.
    pub reader: Arc<dyn EventReader>,
    /// Where their commands stand, and are sent again.
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
    pub async fn find(&self, partition_id: PartitionId) -> Result<Streams, Fault> {
        let (mut streams, mut after) = (Streams::new(), 0);
        loop {
            let page = self.reader.read(partition_id, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(streams);
            };
            after = last.record.log_position;
            for row in page {
                if self.home(row.record.key.as_bytes()) != partition_id.partition {
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
    pub async fn send_on(
        &self,
        partition_id: PartitionId,
        streams: &Streams,
    ) -> Result<usize, Fault> {
        let mut reader = self.command_log.reader(partition_id, Pace::Prompt).await?;
        let end = reader.end().await?;
        reader.seek(0).await?;
        let (mut next, mut sent, mut page) = (0, 0, Vec::new());
        while next < end && reader.readable_after(next).await? < end {
            reader.take(PAGE, &mut page).await?;
            next = page.last().map_or(end, |last| last.offset + 1);
            let records = page
                .drain(..)
                .filter_map(|record| copy(partition_id, record, streams));
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
fn copy(partition_id: PartitionId, record: Record, streams: &Streams) -> Option<NewRecord> {
    let key = std::str::from_utf8(record.key.as_deref()?).ok()?;
    let (key, _) = streams.get_key_value(key)?;
    Some(NewRecord {
        context: partition_id.context,
        key: Arc::clone(key),
        value: record.value?,
        headers: record.headers,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use async_trait::async_trait;
    use bytes::Bytes;
    use eventstore::MemoryEventStore;
    use kernel::Timestamp;
    use kernel::port::{Appended, Assignments, ReadError, Reader};
    use testkit::Writer;

    use super::*;

    const PARTITIONS: u16 = 4;
    const KEY: &str = "demo/T-1";

    /// Another partition than the key's own.
    fn elsewhere() -> PartitionId {
        PartitionId {
            context: "trades",
            partition: (topic::partition_of(KEY.as_bytes(), PARTITIONS) + 1) % PARTITIONS,
        }
    }

    /// A command log with one partition to be read, as a producer with another partitioner filled it.
    struct Log {
        holds: Vec<Record>,
        appended: Mutex<Vec<NewRecord>>,
    }

    #[async_trait]
    impl CommandLog for Log {
        async fn append(&self, records: Vec<NewRecord>) -> Result<Vec<Appended>, Fault> {
            self.appended.lock().unwrap().extend(records);
            Ok(Vec::new())
        }

        async fn consume(
            &self,
            _: &'static str,
            _: &str,
            _: Pace,
        ) -> Result<Box<dyn Assignments>, Fault> {
            Err(Fault::bare("log", "join"))
        }

        async fn follow(&self, _: &'static str, _: Pace) -> Result<Vec<Box<dyn Reader>>, Fault> {
            Ok(vec![Box::new(Held(self.holds.clone()))])
        }

        async fn ends(&self, _: &'static str) -> Result<Vec<i64>, Fault> {
            Ok(Vec::new())
        }
    }

    struct Held(Vec<Record>);

    #[async_trait]
    impl Reader for Held {
        fn partition(&self) -> u16 {
            elsewhere().partition
        }

        async fn seek(&mut self, _: i64) -> Result<(), ReadError> {
            Ok(())
        }

        async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), ReadError> {
            let count = max.min(self.0.len());
            out.extend(self.0.drain(..count));
            Ok(())
        }

        async fn readable_after(&self, offset: i64) -> Result<i64, Fault> {
            Ok(offset)
        }

        async fn end(&self) -> Result<i64, Fault> {
            Ok(self.0.last().map_or(0, |last| last.offset + 1))
        }

        fn done(&self, _: i64) {}
    }

    fn record(offset: i64, key: &'static str) -> Record {
        Record {
            offset,
            logged_at: Timestamp::default(),
            key: Some(Bytes::from_static(key.as_bytes())),
            value: Some(Bytes::from(format!("command {offset}"))),
            headers: vec![("signature".to_owned(), Bytes::from_static(b"signed"))],
            log_position: None,
            unreadable: None,
        }
    }

    #[tokio::test]
    async fn commands_of_a_misplaced_stream_are_sent_on_as_they_came() {
        let own = (0..)
            .map(|n| format!("demo/O-{n}"))
            .find(|key| topic::partition_of(key.as_bytes(), PARTITIONS) == elsewhere().partition)
            .unwrap();
        let store = MemoryEventStore::default();
        let mut writer = Writer::take_over(&store, elsewhere(), 1).await;
        writer.accept(KEY, 2);
        writer.accept(&own, 1);
        writer.accept(KEY, 1);
        writer.commit(&store).await;
        let log = Arc::new(Log {
            holds: vec![record(0, KEY), record(1, "demo/X"), record(2, KEY)],
            appended: Mutex::default(),
        });
        let misplaced = Misplaced {
            reader: Arc::new(store),
            command_log: Arc::clone(&log) as _,
            partitions: PARTITIONS,
        };
        let streams = misplaced.find(elsewhere()).await.unwrap();
        assert_eq!(streams, Streams::from([(KEY.into(), 3)]));
        assert_eq!(misplaced.send_on(elsewhere(), &streams).await.unwrap(), 2);
        let appended = log.appended.lock().unwrap();
        let values: Vec<_> = appended.iter().map(|record| &record.value[..]).collect();
        assert_eq!(values, [&b"command 0"[..], b"command 2"]);
        assert!(
            appended
                .iter()
                .all(|record| &*record.key == KEY && record.headers.len() == 1)
        );
    }
}
