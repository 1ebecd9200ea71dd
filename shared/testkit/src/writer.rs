//! The writer of a partition, as a processor is one: it makes the batches that stores are given.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use kernel::batch::{
    Batch, Cursor, DeadLetter, EventRow, NewStream, Outcome, OutcomeRow, TimerChange,
};
use kernel::checksum::Row as _;
use kernel::id::{CommandId, Owner};
use kernel::port::EventStore;
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use uuid::Uuid;

/// Decides nothing: a test sets how each command ends. The ids of its commands follow from their
/// offsets, so a writer that starts again from a cursor gives them again, as a command log would.
pub struct Writer {
    growing: Batch,
    streams: HashMap<Arc<str>, Stream>,
}

/// What a writer remembers of an aggregate.
#[derive(Clone, Copy, Debug, Default)]
struct Stream {
    number: i64,
    version: u64,
}

impl Writer {
    /// Takes the partition over; remembers none of its streams.
    ///
    /// # Panics
    /// The store has a fault.
    pub async fn take_over(
        store: &impl EventStore,
        partition_id: PartitionId,
        owner: u128,
    ) -> Self {
        let owner = Owner(Uuid::from_u128(owner));
        let cursor = store
            .take_over(partition_id, owner)
            .await
            .expect("taken over");
        Self {
            growing: Batch::new(partition_id, cursor),
            streams: HashMap::new(),
        }
    }

    /// The partition's cursor once everything is committed.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        self.growing.to
    }

    /// The batch since the last one was handed over, to be bent.
    pub fn growing(&mut self) -> &mut Batch {
        &mut self.growing
    }

    /// A command that appends `events` events, or changes nothing when it is 0.
    pub fn accept(&mut self, key: &str, events: u32) -> CommandId {
        let command = self.next_command();
        let key: Arc<str> = key.into();
        let first_log_position = self.growing.to.next_log_position;
        for _ in 0..events {
            self.append(&key);
        }
        let Stream { number, version } = self.streams.get(&key).copied().unwrap_or_default();
        self.answer(
            command,
            number,
            Outcome::Accepted {
                key,
                version,
                first_log_position,
                events,
                breaks: Vec::new(),
            },
        );
        command
    }

    /// A command that a rule refuses.
    pub fn reject(&mut self, key: &str) -> CommandId {
        let command = self.next_command();
        let Stream { number, version } = self.streams.get(key).copied().unwrap_or_default();
        let outcome = Outcome::Rejected {
            key: key.into(),
            version,
            code: "NOT_OPEN".into(),
            http_status: 409,
            detail: "the book of Zürich is \"closed\" 🦀".into(),
        };
        self.answer(command, number, outcome);
        command
    }

    /// A command whose id was handled before.
    pub fn repeat(&mut self) {
        self.next_command();
        self.growing.to.repeats += 1;
    }

    /// A command that is parked; `letter` is given its offset.
    pub fn park(&mut self, letter: impl FnOnce(i64) -> DeadLetter) -> DeadLetter {
        let letter = letter(self.growing.to.next_offset);
        self.next_command();
        self.growing.dead_letters.push(letter.clone());
        letter
    }

    pub fn time(&mut self, change: TimerChange) {
        self.growing.timers.push(change);
    }

    /// Hands the batch over; the next one begins where it ends. Events get their checksums only now:
    /// one that a test has changed is what it meant to write.
    pub fn seal(&mut self) -> Arc<Batch> {
        let partition_id = self.growing.partition_id;
        for row in 0..self.growing.events.len() {
            let event = &mut self.growing.events[row];
            let (log_position, checksum) =
                (event.record.log_position, event.checksum(partition_id));
            event.checksum = Some(checksum);
            self.growing.chain(log_position, checksum);
        }
        let next = Batch::new(partition_id, self.growing.to);
        Arc::new(std::mem::replace(&mut self.growing, next))
    }

    /// Seals, and commits what was sealed.
    ///
    /// # Panics
    /// The store has a fault, or refuses the batch.
    pub async fn commit(&mut self, store: &impl EventStore) -> Arc<Batch> {
        let batch = self.seal();
        let refused = store
            .commit(&[Arc::clone(&batch)])
            .await
            .expect("committed");
        assert_eq!(refused, [], "a batch of the owner is written");
        batch
    }

    fn next_command(&mut self) -> CommandId {
        let offset = self.growing.to.next_offset;
        self.growing.to.next_offset += 1;
        self.growing.to.handled += 1;
        let name = format!("{}/{offset}", self.growing.partition_id);
        CommandId(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()))
    }

    fn append(&mut self, key: &Arc<str>) {
        let to = &mut self.growing.to;
        let stream = self.streams.entry(Arc::clone(key)).or_default();
        if stream.number == 0 {
            stream.number = to.next_stream;
            to.next_stream += 1;
            self.growing.streams.push(NewStream {
                stream: stream.number,
                key: Arc::clone(key),
            });
        }
        stream.version += 1;
        let value = format!(
            r#"{{"sequence":{},"at":"2013-10-07T08:00:00Z","v":1,"type":"Noted","data":{{"of":"{key}","text":"Zürich  \\ 取引 🦀"}}}}"#,
            stream.version
        );
        self.growing.events.push(EventRow {
            stream: stream.number,
            sequence: stream.version,
            checksum: None,
            record: EventRecord {
                log_position: to.next_log_position,
                key: Arc::clone(key),
                value: Bytes::from(value),
            },
        });
        to.next_log_position += 1;
    }

    fn answer(&mut self, command: CommandId, stream: i64, outcome: Outcome) {
        // Any number will do; both signs occur.
        let body_hash = command.0.as_u64_pair().0.cast_signed();
        self.growing.outcomes.push(OutcomeRow {
            command,
            body_hash,
            stream,
            outcome,
        });
    }
}
