//! One ownership of a partition: records become batches, and landed batches are answered and published.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::batch::{Cursor, DeadReason, OutcomeRow};
use kernel::id::CommandId;
use kernel::port::{Record, Reply};
use kernel::record::EventRecord;
use kernel::{Context, Fault};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::cache::Cache;
use super::decode::{Incoming, Refused};
use super::growing::{Growing, Panicked, Sealed};
use super::known::Known;
use super::parked::Parked;
use super::partition::{Ended, Partition};
use super::resuming;
use super::saving::{Saving, Taken};
use crate::commit::Committed;
use crate::publish::PublishHandle;
use crate::{crash, metric};

/// Records at once that are too few for a question of their own while a batch is in flight.
const FEW: usize = 256;

/// Times a command may panic before it is parked.
const PANICS_MAX: u32 = 3;

/// The state that is worth nothing once the partition has another owner.
pub(super) struct Ownership<'p, C: Context> {
    partition: &'p mut Partition<C>,
    growing: Growing,
    cache: Cache<C>,
    known: Known,
    /// Whether the last records were few, and could not be decided without asking the store.
    asked: bool,
    /// Keys with a parked command: later ones park behind it.
    parked: Parked,
    flight: Option<Flight<C>>,
    /// Number of the last durable batch.
    durable: u64,
    publishing: PublishHandle,
    saving: Saving<C>,
}

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
        parked: Parked,
        publishing: PublishHandle,
        saving: Saving<C>,
    ) -> Self {
        Self {
            growing: Growing::new(partition.shard, 1, cursor, 0),
            cache: Cache::new(partition.settings.cached_aggregates_max),
            known: Known::default(),
            asked: false,
            parked,
            flight: None,
            durable: 0,
            publishing,
            saving,
            partition,
        }
    }

    pub(super) async fn run(mut self, stop: &CancellationToken) -> Result<Ended, Fault> {
        let mut records = Vec::new();
        loop {
            if self.flight.is_none() && !self.growing.is_empty() {
                self.submit().await;
            }
            let room = self
                .partition
                .settings
                .batch_commands_max
                .saturating_sub(self.growing.len());
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
                taken = self.partition.reader.take(room, &mut records), if room > 0 && !stopping && self.may_prepare() => {
                    taken?;
                    if let Err(Panicked) = self.handle(&mut records).await? {
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
        let next = Growing::new(
            self.partition.shard,
            self.growing.number + 1,
            self.growing.batch.to,
            self.growing.bytes(),
        );
        let sealed = std::mem::replace(&mut self.growing, next).seal();
        self.known.submitted();
        let taken = self.saving.take(&mut self.cache);
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

    /// Carries out what follows from a commit; says so when the ownership is over.
    async fn land(&mut self, committed: Option<Committed>) -> Option<Ended> {
        let Flight { sealed, taken, .. } = self.flight.take()?;
        match committed {
            Some(Committed::Durable) => {
                let ended = self.durable(sealed).await;
                self.saving.durable(taken);
                ended
            }
            Some(Committed::Fenced) => {
                warn!(shard = %self.partition.shard, "another owner has the partition, batch dropped");
                Some(Ended::Fenced)
            }
            None => {
                warn!(shard = %self.partition.shard, "committer left no answer");
                Some(Ended::Again)
            }
        }
    }

    async fn durable(&mut self, sealed: Sealed) -> Option<Ended> {
        self.count(&sealed);
        self.durable = sealed.number;
        self.known.landed();
        self.cache.trim(self.durable);
        let next_offset = sealed.batch.to.next_offset;
        self.partition
            .panics
            .retain(|offset, _| *offset >= next_offset);
        self.partition.reader.done(next_offset);
        self.answer(sealed.replies);
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
        let context = self.partition.shard.context;
        let outcomes = sealed.batch.outcomes.len() as u64;
        metric::commands(context, "accepted", sealed.accepted);
        metric::commands(context, "rejected", outcomes - sealed.accepted);
        metric::commands(context, "repeated", sealed.repeated);
        metric::commands(context, "parked", sealed.batch.dead_letters.len() as u64);
    }

    fn answer(&self, replies: Vec<(Arc<str>, Reply)>) {
        let mut by_instance: HashMap<Arc<str>, Vec<Reply>> = HashMap::new();
        for (instance, reply) in replies {
            by_instance.entry(instance).or_default().push(reply);
        }
        for batch in by_instance {
            // Whoever waits can also ask; a full channel must not hold up the partition.
            if self.partition.replying.try_send(batch).is_err() {
                warn!("replies dropped, the reply channel is full");
            }
        }
    }

    /// Turns records into rows of the growing batch.
    async fn handle(&mut self, records: &mut Vec<Record>) -> Result<Result<(), Panicked>, Fault> {
        let mut decoded = Vec::with_capacity(records.len());
        for record in records.iter() {
            decoded.push(self.partition.decoder.decode::<C>(record).await?);
        }
        self.prepare(&decoded).await?;
        for (record, decoded) in records.drain(..).zip(decoded) {
            if let Err(Panicked) = self.handle_one(record, decoded).await? {
                return Ok(Err(Panicked));
            }
        }
        crash::point("handled-not-submitted");
        Ok(Ok(()))
    }

    /// One query for the ids and one for the aggregates, whatever the number of records.
    async fn prepare(
        &mut self,
        decoded: &[Result<Incoming<C::Input>, Refused>],
    ) -> Result<(), Fault> {
        let shard = self.partition.shard;
        let store = &self.partition.ports.reader;
        let incoming = || decoded.iter().filter_map(|decoded| decoded.as_ref().ok());
        let mut missing: Vec<_> = incoming()
            .filter(|incoming| !self.cache.has(&incoming.key))
            .map(|incoming| Arc::clone(&incoming.key))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        let ids = incoming().map(|incoming| incoming.id);
        let resume = resuming::read::<C>(&self.partition.ports, shard, &missing);
        let (known, resumed) = tokio::join!(self.known.look_up(store, shard, ids), resume);
        let asked = known? || !missing.is_empty();
        self.asked = asked && decoded.len() < FEW;
        resuming::keep(&mut self.cache, &self.partition.ports, shard, resumed?).await?;
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
        decoded: Result<Incoming<C::Input>, Refused>,
    ) -> Result<Result<(), Panicked>, Fault> {
        if !self.parked.passes(&record, self.durable).await? {
            let behind = Refused::new(
                DeadReason::BehindParked,
                "an earlier command of the key is parked",
            );
            self.park(record, behind);
            return Ok(Ok(()));
        }
        let incoming = match decoded {
            Ok(incoming) => incoming,
            Err(refused) => {
                self.park(record, refused);
                return Ok(Ok(()));
            }
        };
        if self
            .partition
            .panics
            .get(&incoming.offset)
            .is_some_and(|times| *times >= PANICS_MAX)
        {
            self.park(
                record,
                Refused::new(DeadReason::Panicked, "deciding it panicked"),
            );
            return Ok(Ok(()));
        }
        if let Some(first) = self.first_answer(incoming.id) {
            self.growing.repeat(&incoming, &first);
            return Ok(Ok(()));
        }
        Ok(self.decide(incoming))
    }

    fn first_answer(&self, id: CommandId) -> Option<OutcomeRow> {
        let flying = self.flight.as_ref().map(|flight| &flight.sealed.batch);
        let flying = flying.map_or(&[][..], |batch| &batch.outcomes);
        let first = self.known.get(id, &self.growing.batch.outcomes, flying);
        first.cloned()
    }

    fn decide(&mut self, incoming: Incoming<C::Input>) -> Result<(), Panicked> {
        let (id, offset) = (incoming.id, incoming.offset);
        let cached = self
            .cache
            .get(&incoming.key)
            .expect("every key of the records at hand was loaded or created before deciding");
        match self
            .growing
            .handle(incoming, cached, &self.partition.policy)
        {
            Ok(()) => {
                let outcomes = &self.growing.batch.outcomes;
                if let Some(row) = outcomes.last() {
                    self.saving.note(row.outcome.key(), cached);
                }
                self.known.add(id, outcomes.len() - 1);
                Ok(())
            }
            Err(Panicked) => {
                *self.partition.panics.entry(offset).or_default() += 1;
                error!(shard = %self.partition.shard, offset, "a command's decision panicked, partition is taken over again");
                Err(Panicked)
            }
        }
    }

    fn park(&mut self, record: Record, refused: Refused) {
        warn!(shard = %self.partition.shard, offset = record.offset, reason = refused.reason.as_str(), "command parked");
        self.parked.add(&record, self.growing.number);
        self.growing.park(refused.letter(record));
    }
}

/// Waits for the batch in flight; for ever when there is none.
async fn landed<C>(flight: &mut Option<Flight<C>>) -> Option<Committed> {
    match flight {
        Some(flight) => (&mut flight.answer).await.ok(),
        None => std::future::pending().await,
    }
}
