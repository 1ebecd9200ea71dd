//! One ownership of a partition: records become batches, and landed batches are answered and published.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::batch::{Cursor, DeadReason, OutcomeRow};
use kernel::id::{AggregateId, CommandId};
use kernel::port::{NewRecord, ReadError, Record, Reply, ReplyTo};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use kernel::{Context, Fault};
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::batch_builder::{BatchBuilder, PANICS_MAX, Panicked, Sealed};
use super::blocked_keys::BlockedKeys;
use super::cache::Cache;
use super::decode::{Decoded, Incoming, Refused};
use super::forward;
use super::known::Known;
use super::partition::{Ended, Partition};
use super::resuming;
use super::saving::{Saving, Taken};
use crate::commit::Committed;
use crate::movement::{Work, Worker};
use crate::publish::PublishHandle;
use crate::{crash, metric};

/// Records at once that are too few for a question of their own while a batch is in flight.
const FEW: usize = 256;

/// The state that is void once the partition has another owner.
pub(super) struct Ownership<'p, C: Context> {
    partition: &'p mut Partition<C>,
    building: BatchBuilder,
    cache: Cache<C>,
    known: Known,
    /// Whether the last records were few, and could not be decided without asking the store.
    asked: bool,
    /// Keys with a parked command: later ones park behind it.
    blocked: BlockedKeys,
    flight: Option<Flight<C>>,
    /// Number of the last durable batch.
    durable: u64,
    publishing: PublishHandle,
    saving: Saving<C>,
    /// Signalled when a batch with notices is durable.
    noticed: Arc<Notify>,
}

/// The growing batch is void; the store holds the truth.
struct Abandoned;

struct Flight<C> {
    sealed: Sealed,
    /// States at the end of the batch, to be saved once it is durable.
    taken: Vec<Taken<C>>,
    answer: oneshot::Receiver<Committed>,
}

impl<'p, C: Context> Ownership<'p, C> {
    pub(super) fn new(
        partition: &'p mut Partition<C>,
        cursor: Cursor,
        blocked: BlockedKeys,
        publishing: PublishHandle,
        saving: Saving<C>,
    ) -> Self {
        Self {
            building: BatchBuilder::new(
                partition.partition_id,
                1,
                cursor,
                0,
                partition.ports.announcing.is_some(),
            ),
            cache: Cache::new(partition.settings.cached_aggregates_max),
            known: Known::default(),
            asked: false,
            blocked,
            flight: None,
            durable: 0,
            publishing,
            saving,
            noticed: Arc::default(),
            partition,
        }
    }

    pub(super) fn partition_id(&self) -> PartitionId {
        self.partition.partition_id
    }

    pub(super) fn announces(&self) -> Worker {
        let Partition {
            ports,
            partition_id,
            ..
        } = &*self.partition;
        ports.movement.worker(Work::Announcer, partition_id)
    }

    pub(super) fn noticed(&self) -> Arc<Notify> {
        Arc::clone(&self.noticed)
    }

    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<Ended, Fault> {
        // What came before it is carried out first.
        let (mut records, mut barred) = (Vec::new(), None);
        loop {
            if self.flight.is_none() && !self.building.is_empty() {
                self.submit().await;
            }
            let room = self
                .partition
                .settings
                .batch_commands_max
                .saturating_sub(self.building.len());
            if self.flight.is_none()
                && let Some(why) = barred.take()
            {
                return Ok(self.partition.barred(why));
            }
            let stopping = stop.is_cancelled();
            if stopping && self.flight.is_none() {
                return Ok(Ended::Stopped);
            }
            tokio::select! {
                biased;
                committed = landed(&mut self.flight) => {
                    if let Some(ended) = self.land(committed).await {
                        return Ok(ended);
                    }
                }
                taken = self.partition.reader.take(room, &mut records), if room > 0 && !stopping && barred.is_none() && self.may_prepare() => {
                    match taken {
                        Ok(()) => {}
                        Err(ReadError::Fault(fault)) => return Err(fault),
                        Err(why) => barred = Some(why),
                    }
                    self.partition.worker.begins();
                    if let Err(Abandoned) = self.handle(&mut records).await? {
                        return Ok(Ended::Again);
                    }
                }
                // Nothing is under way, so every state in the cache is durable.
                () = self.saving.room(), if self.flight.is_none() => {
                    let taken = self.saving.take(&mut self.cache);
                    self.saving.durable(taken);
                }
                () = stop.cancelled(), if !stopping => {}
            }
        }
    }

    /// A few records that need the store's answer wait until the batch in flight has landed: they could
    /// not leave sooner, and are asked about together. Many, or those that need none, are prepared
    /// meanwhile.
    fn may_prepare(&self) -> bool {
        self.flight.is_none() || !self.asked
    }

    /// Sends the grown batch to the committer and starts the next one where it ends.
    async fn submit(&mut self) {
        let next = BatchBuilder::new(
            self.partition.partition_id,
            self.building.number + 1,
            self.building.batch.to,
            self.building.bytes(),
            self.building.gives_notice,
        );
        let sealed = std::mem::replace(&mut self.building, next).seal();
        self.known.submitted();
        let taken = self.saving.take(&mut self.cache);
        self.partition.worker.begins();
        let answer = self
            .partition
            .committer
            .submit(Arc::clone(&sealed.batch))
            .await;
        self.flight = Some(Flight {
            sealed,
            taken,
            answer,
        });
    }

    /// Carries out what follows from a commit; reports when the ownership is over.
    async fn land(&mut self, committed: Option<Committed>) -> Option<Ended> {
        let Flight { sealed, taken, .. } = self.flight.take()?;
        match committed {
            Some(Committed::Durable) => {
                let ended = self.durable(sealed).await;
                self.saving.durable(taken);
                ended
            }
            Some(Committed::Fenced) => {
                warn!(partition_id = %self.partition.partition_id, "another owner has the partition, batch dropped");
                Some(Ended::Fenced)
            }
            None => {
                warn!(partition_id = %self.partition.partition_id, "committer left no answer");
                Some(Ended::Again)
            }
        }
    }

    async fn durable(&mut self, sealed: Sealed) -> Option<Ended> {
        self.count(&sealed);
        self.partition.worker.moves();
        for refusal in &sealed.refusals {
            refusal.tell(self.partition.partition_id);
        }
        self.durable = sealed.number;
        self.known.landed();
        self.cache.trim(self.durable);
        let next_offset = sealed.batch.to.next_offset;
        self.partition
            .panics
            .retain(|offset, _| *offset >= next_offset);
        self.partition.reader.done(next_offset);
        self.answer(sealed.replies);
        if !sealed.batch.notices.is_empty() {
            self.noticed.notify_one();
        }
        let events: Vec<EventRecord> = sealed
            .batch
            .events
            .iter()
            .map(|row| row.record.clone())
            .collect();
        if events.is_empty() || self.publishing.publish(events).await {
            None
        } else {
            Some(Ended::Again)
        }
    }

    fn count(&self, sealed: &Sealed) {
        let context = self.partition.partition_id.context;
        let outcomes = sealed.batch.outcomes.len() as u64;
        metric::commands(context, "accepted", sealed.accepted);
        metric::commands(context, "rejected", outcomes - sealed.accepted);
        metric::commands(context, "repeated", sealed.repeated);
        metric::commands(context, "forwarded", sealed.forwarded);
        metric::commands(context, "parked", sealed.batch.dead_letters.len() as u64);
    }

    fn answer(&self, replies: Vec<(AggregateId, Reply)>) {
        let mut by_instance: HashMap<AggregateId, Vec<Reply>> = HashMap::new();
        for (instance, reply) in replies {
            by_instance.entry(instance).or_default().push(reply);
        }
        for batch in by_instance {
            // A waiting caller can also ask; a full channel must not hold up the partition.
            if self.partition.replying.try_send(batch).is_err() {
                warn!("replies dropped, the reply channel is full");
            }
        }
    }

    /// Turns records into rows of the growing batch.
    async fn handle(&mut self, records: &mut Vec<Record>) -> Result<Result<(), Abandoned>, Fault> {
        let mut decoded = Vec::with_capacity(records.len());
        for record in records.iter() {
            decoded.push(self.partition.decoder.decode::<C>(record).await?);
        }
        let elsewhere = self.elsewhere(&decoded)?;
        if !elsewhere.is_empty() {
            // Before the cursor passes them.
            self.partition.ports.command_log.append(elsewhere).await?;
        }
        self.prepare(&decoded).await?;
        for (record, decoded) in records.drain(..).zip(decoded) {
            if let Err(Abandoned) = self.handle_one(record, decoded).await? {
                return Ok(Err(Abandoned));
            }
        }
        crash::point("handled-not-submitted");
        Ok(Ok(()))
    }

    /// What belongs into other partitions, as it is sent there.
    fn elsewhere(&self, decoded: &[Decoded<C::Input>]) -> Result<Vec<NewRecord>, Fault> {
        let Partition {
            partition_id,
            ports,
            ..
        } = &*self.partition;
        let elsewhere = decoded.iter().filter_map(|decoded| match decoded {
            Decoded::Elsewhere(incoming, data) => Some((incoming, data)),
            Decoded::Command(_) | Decoded::Refused(_) => None,
        });
        elsewhere
            .map(|(incoming, data)| {
                forward::record::<C>(incoming, data, *partition_id, &ports.sealer)
            })
            .collect()
    }

    /// One query for the ids and one for the aggregates, whatever the number of records.
    async fn prepare(&mut self, decoded: &[Decoded<C::Input>]) -> Result<(), Fault> {
        let partition_id = self.partition.partition_id;
        let store = &self.partition.ports.reader;
        let incoming = || {
            decoded.iter().filter_map(|decoded| match decoded {
                Decoded::Command(incoming) => Some(incoming),
                Decoded::Elsewhere(..) | Decoded::Refused(_) => None,
            })
        };
        let mut missing: Vec<_> = incoming()
            .filter(|incoming| !self.cache.has(&incoming.key))
            .map(|incoming| Arc::clone(&incoming.key))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        let ids = incoming().map(|incoming| (incoming.id, incoming.accepted.at));
        let stored = self.partition.stored();
        let resume = resuming::read::<C>(stored, partition_id, &missing);
        let (known, resumed) = tokio::join!(self.known.look_up(store, partition_id, ids), resume);
        let asked = known? || !missing.is_empty();
        self.asked = asked && decoded.len() < FEW;
        resuming::keep(&mut self.cache, stored, partition_id, resumed?).await?;
        for key in missing {
            if !self.cache.has(&key) {
                self.cache.create(key);
            }
        }
        Ok(())
    }

    async fn handle_one(
        &mut self,
        record: Record,
        decoded: Decoded<C::Input>,
    ) -> Result<Result<(), Abandoned>, Fault> {
        let incoming = match decoded {
            Decoded::Command(incoming) => *incoming,
            Decoded::Elsewhere(..) => {
                self.building.forwarded(record.offset);
                return Ok(Ok(()));
            }
            Decoded::Refused(refused) => {
                self.park(record, refused);
                return Ok(Ok(()));
            }
        };
        if !self.blocked.passes(&record, self.durable).await? {
            let detail = "an earlier command of the key is parked";
            let behind = Refused::new(DeadReason::BehindParked, detail);
            self.park(record, behind.of(incoming.named()));
            return Ok(Ok(()));
        }
        let panics = self.partition.panics.get(&incoming.offset);
        if panics.is_some_and(|times| *times >= PANICS_MAX) {
            let panicked = Refused::new(DeadReason::Panicked, "applying it panicked");
            self.park(record, panicked.of(incoming.named()));
            return Ok(Ok(()));
        }
        if let Some(first) = self.first_answer(incoming.id) {
            self.building.repeat(&incoming, &first);
            return Ok(Ok(()));
        }
        match self.decide(&incoming) {
            Ok(()) => {}
            Err(Panicked::Deciding) => {
                let panicked = Refused::new(DeadReason::Panicked, "deciding it panicked");
                self.park(record, panicked.of(incoming.named()));
            }
            Err(Panicked::Applying) => {
                let (partition_id, offset) = (self.partition.partition_id, record.offset);
                *self.partition.panics.entry(offset).or_default() += 1;
                error!(%partition_id, offset, "applying a command panicked, the partition is taken over again");
                return Ok(Err(Abandoned));
            }
        }
        Ok(Ok(()))
    }

    fn first_answer(&self, id: CommandId) -> Option<OutcomeRow> {
        let flying = self.flight.as_ref().map(|flight| &flight.sealed.batch);
        let flying = flying.map_or(&[][..], |batch| &batch.outcomes);
        let first = self.known.get(id, &self.building.batch.outcomes, flying);
        first.cloned()
    }

    fn decide(&mut self, incoming: &Incoming<C::Input>) -> Result<(), Panicked> {
        let cached = self
            .cache
            .get(&incoming.key)
            .expect("every key of the records at hand was loaded or created before deciding");
        let policy = &self.partition.policy;
        self.building.handle(incoming, cached, policy)?;
        let outcomes = &self.building.batch.outcomes;
        if let Some(row) = outcomes.last() {
            self.saving.note(row.outcome.key(), cached);
        }
        self.known.add(incoming.id, outcomes.len() - 1);
        Ok(())
    }

    fn park(&mut self, record: Record, refused: Refused) {
        let (partition_id, reason) = (self.partition.partition_id, refused.reason.as_str());
        metric::parked(partition_id.context, reason);
        error!(%partition_id, offset = record.offset, reason, "command parked");
        if refused.reason.blocks_key() {
            self.blocked.add(&record, self.building.number);
        }
        let named = refused.named.as_ref();
        let waiting: Option<ReplyTo> = named.and_then(|named| named.reply_to.clone());
        self.building.park(refused.letter(record), waiting.as_ref());
    }
}

/// Waits for the batch in flight; never ends when there is none.
async fn landed<C>(flight: &mut Option<Flight<C>>) -> Option<Committed> {
    match flight {
        Some(flight) => (&mut flight.answer).await.ok(),
        None => std::future::pending().await,
    }
}
