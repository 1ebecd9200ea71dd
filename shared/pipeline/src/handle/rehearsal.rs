//! Rehearsal: what would become of parked commands, if they were redriven now.
//!
//! They are decided as the processor decides them, each on what those before it would leave, into a
//! batch that is thrown away. What comes between the rehearsal and the redrive can still change the
//! answers.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use kernel::batch::{Cursor, DeadLetter, DeadReason, Outcome};
use kernel::id::Owner;
use kernel::port::{
    Authority, Bearers, Clock, EventReader, Record, Schemas, Snapshots, StoredDeadLetter,
};
use kernel::topic::PartitionId;
use kernel::{Access, Context, Fault, Tenancy};
use uuid::Uuid;

use super::batch_builder::{BatchBuilder, Panicked};
use super::cache::Cache;
use super::decode::{Decoded, Decoder, Incoming, Refused};
use super::resuming::{self, Stored};
use crate::redrive::{Stays, could_be_sent, record};

/// The world as a rehearsal sees it: it only reads.
#[derive(Clone)]
pub struct RehearsalPorts {
    /// Who sent the letters.
    pub authority: Arc<dyn Authority>,
    /// What producers may send.
    pub access: Arc<dyn Access>,
    /// Knows whose access tokens are in records; none where those are not looked at.
    pub bearers: Option<Arc<dyn Bearers>>,
    /// Whose producers are served.
    pub tenancy: Arc<dyn Tenancy>,
    /// A redriven record is dated anew.
    pub clock: Arc<dyn Clock>,
    /// Reads framed records; none without a registry.
    pub schemas: Option<Arc<dyn Schemas>>,
    /// Where streams and earlier outcomes are loaded from.
    pub reader: Arc<dyn EventReader>,
    /// Where states are saved.
    pub snapshots: Arc<dyn Snapshots>,
    /// Partitions per topic.
    pub partitions: u16,
    /// Largest command value, bytes.
    pub value_bytes_max: usize,
}

/// What would become of a letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreseen {
    /// The command would be accepted.
    Accepted,
    /// It has its answer already, and would get it again.
    Repeated,
    /// It would be sent on to the partition of its key, and decided there.
    Forwarded,
    /// A rule stands in the way.
    Rejected {
        /// Stable public code.
        code: Arc<str>,
        /// A sentence for the caller.
        detail: Arc<str>,
    },
    /// It would be a dead letter again.
    Parked {
        /// Why, as a code.
        reason: DeadReason,
        /// Why, in a sentence.
        detail: String,
    },
    /// It would not even be sent.
    Stays(Stays),
}

impl Foreseen {
    /// Whether the command would have an effect, or has had it.
    #[must_use]
    pub fn passes(&self) -> bool {
        matches!(self, Self::Accepted | Self::Repeated | Self::Forwarded)
    }
}

/// Foresees each letter of one partition; they are in offset order.
///
/// # Errors
/// A dependency did not answer.
pub(crate) async fn rehearse<C: Context>(
    ports: RehearsalPorts,
    partition_id: PartitionId,
    letters: Vec<StoredDeadLetter>,
) -> Result<Vec<Foreseen>, Fault> {
    let mut rehearsal = Rehearsal::<C>::new(ports, partition_id, letters.len());
    let mut foreseen = Vec::with_capacity(letters.len());
    for stored in letters {
        foreseen.push(match could_be_sent(&stored.letter) {
            Ok(()) => rehearsal.foresee(&stored.letter).await?,
            Err(stays) => Foreseen::Stays(stays),
        });
    }
    Ok(foreseen)
}

struct Rehearsal<C> {
    ports: RehearsalPorts,
    partition_id: PartitionId,
    decoder: Decoder,
    cache: Cache<C>,
    batch: BatchBuilder,
    /// Keys of letters that would be parked again, and hold up what follows.
    blocked: HashSet<Bytes>,
}

impl<C: Context> Rehearsal<C> {
    fn new(ports: RehearsalPorts, partition_id: PartitionId, letters: usize) -> Self {
        let decoder = Decoder {
            authority: Arc::clone(&ports.authority),
            access: Arc::clone(&ports.access),
            bearers: ports.bearers.clone(),
            tenancy: Arc::clone(&ports.tenancy),
            schemas: ports.schemas.clone(),
            value_bytes_max: ports.value_bytes_max,
            partition_id,
            partitions: ports.partitions,
        };
        let from = Cursor::start(Owner(Uuid::nil()));
        Self {
            ports,
            partition_id,
            decoder,
            cache: Cache::new(letters),
            batch: BatchBuilder::new(partition_id, 1, from, 0, false),
            blocked: HashSet::new(),
        }
    }

    async fn foresee(&mut self, letter: &DeadLetter) -> Result<Foreseen, Fault> {
        let record = &Record {
            logged_at: self.ports.clock.now(),
            ..record(letter)
        };
        let incoming = match self.decoder.decode::<C>(record).await? {
            Decoded::Command(incoming) => *incoming,
            Decoded::Elsewhere(..) => return Ok(Foreseen::Forwarded),
            Decoded::Refused(refused) => return Ok(self.parked(record, refused)),
        };
        let key = record.key.clone().unwrap_or_default();
        if self.blocked.contains(&key) {
            let detail = "an earlier command of the key would be parked again";
            return Ok(self.parked(record, Refused::new(DeadReason::BehindParked, detail)));
        }
        if self.is_known(&incoming).await? {
            return Ok(Foreseen::Repeated);
        }
        self.load(&incoming.key).await?;
        Ok(self.decide(record, &incoming))
    }

    fn parked(&mut self, record: &Record, refused: Refused) -> Foreseen {
        if refused.reason.blocks_key() {
            self.blocked.extend(record.key.clone());
        }
        Foreseen::Parked {
            reason: refused.reason,
            detail: refused.detail,
        }
    }

    async fn is_known(&self, incoming: &Incoming<C::Input>) -> Result<bool, Fault> {
        let here = &self.batch.batch.outcomes;
        if here.iter().any(|row| row.command == incoming.id) {
            return Ok(true);
        }
        let reader = &self.ports.reader;
        let rows = reader.outcomes(self.partition_id, &[incoming.id]).await?;
        Ok(!rows.is_empty())
    }

    async fn load(&mut self, key: &Arc<str>) -> Result<(), Fault> {
        if self.cache.has(key) {
            return Ok(());
        }
        let stored = Stored {
            snapshots: &self.ports.snapshots,
            reader: &self.ports.reader,
        };
        let keys = [Arc::clone(key)];
        let resumed = resuming::read::<C>(stored, self.partition_id, &keys).await?;
        resuming::keep(&mut self.cache, stored, self.partition_id, resumed).await?;
        if !self.cache.has(key) {
            self.cache.create(Arc::clone(key));
        }
        Ok(())
    }

    fn decide(&mut self, record: &Record, incoming: &Incoming<C::Input>) -> Foreseen {
        let cached = self.cache.get(&incoming.key);
        let cached = cached.expect("the aggregate was loaded or created a moment ago");
        let policy = C::Services::default();
        match self.batch.handle(incoming, cached, &policy) {
            Ok(()) => {}
            Err(Panicked::Deciding | Panicked::Applying) => {
                let panicked = Refused::new(DeadReason::Panicked, "deciding it panics");
                return self.parked(record, panicked);
            }
        }
        match self.batch.batch.outcomes.last().map(|row| &row.outcome) {
            Some(Outcome::Rejected { code, detail, .. }) => Foreseen::Rejected {
                code: Arc::clone(code),
                detail: Arc::clone(detail),
            },
            Some(Outcome::Accepted { .. }) | None => Foreseen::Accepted,
        }
    }
}
