//! Looking at the parked calls: which keys are held, and which calls may be made again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::id::CommandId;
use kernel::port::{CallPlace, CallState, Checkpoint, ParkedCall};
use kernel::record::EventRecord;
use kernel::topic::PartitionId;
use kernel::{Context, Effect, Fault};
use tokio::time::Instant;

use super::partition::{Job, Means, Partition, jobs};

/// How soon a redriven call is noticed.
const LOOK_PERIOD: Duration = Duration::from_secs(1);
/// Parked calls made again at once.
const READY_MAX: usize = 100;
/// Parked calls read at once.
const PAGE: usize = 500;

impl<E: Effect> Partition<E> {
    /// Learns which keys are held, and puts those of their calls in line that may be made.
    ///
    /// # Errors
    /// A store cannot be reached; what was held is.
    pub(super) async fn look(&mut self) -> Result<(), Fault> {
        self.line.look_at = Instant::now() + LOOK_PERIOD;
        let parked = Arc::clone(&self.means.ports.parked);
        let held = parked.held_keys(self.means.at).await?;
        self.line.held = held.into_iter().collect();
        if self.line.held.is_empty() {
            return Ok(());
        }
        let ready = parked.ready(self.means.at, READY_MAX).await?;
        let ids: Vec<_> = ready.iter().map(|parked| parked.id.0).collect();
        let answered = self.means.answered(&ids).await?;
        for parked in ready {
            if self.line.lanes.has(&parked.key) {
                continue;
            }
            if answered.contains(&parked.id.0) {
                self.means.done(parked.place).await?;
                self.line.look_at = Instant::now();
                continue;
            }
            if let Some(job) = self.means.revived(parked).await? {
                let key = Arc::clone(&job.key);
                self.line.lanes.push(&key, job);
            }
        }
        let held = self.line.held.len();
        if held >= self.means.settings.held_keys_max {
            let attempt = format!("go on: {held} keys wait behind parked calls");
            let fault = Fault::bare(E::OUTSIDE, attempt);
            self.means.stands(
                &fault,
                "effect takes no events until calls are redriven or discarded",
            );
        }
        Ok(())
    }
}

impl<E: Effect> Means<E> {
    /// Calls behind the progress that are parked, or were: what becomes of them is decided there.
    pub(super) async fn parked_after(&self, done: Checkpoint) -> Result<HashSet<CallPlace>, Fault> {
        let (mut places, mut after) = (HashSet::new(), behind(done.log_position));
        loop {
            let page = self.ports.parked.list(self.at, Some(after), PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(places);
            };
            after = last.place;
            places.extend(page.iter().map(|parked| parked.place));
        }
    }

    /// A parked call as one that is made; none when its event leads to no call any more.
    async fn revived(&self, parked: ParkedCall) -> Result<Option<Job>, Fault> {
        let record = self.event(parked.place.log_position).await?;
        let unreadable = |error| Fault::new("event store", "read the event of a call", error);
        let job = |call, meta| Job {
            place: parked.place,
            key: Arc::clone(&parked.key),
            id: parked.id,
            meta: Arc::new(meta),
            call,
            parked: Some(parked.tries),
        };
        if parked.call.is_some() {
            let meta = record.meta().map_err(unreadable)?;
            return Ok(Some(job(parked.call.clone(), meta)));
        }
        // The effect panicked then, and may have been mended since.
        let (meta, event) = record.decode::<E::Event>().map_err(unreadable)?;
        let mut made = jobs(&*self.effect, meta.clone(), event).into_iter();
        let Some(first) = made.next() else {
            self.done(parked.place).await?;
            return Ok(None);
        };
        let others: Vec<_> = made.map(|job| self.behind(job)).collect();
        if !others.is_empty() {
            self.ports.parked.park(self.at, &others).await?;
        }
        Ok(Some(job(first.call, meta)))
    }

    /// Those of the commands that came back before: a crash, or progress that was lost, has their events
    /// come again. Where an answer is for another aggregate than the event's, it is not looked for.
    pub(super) async fn answered(&self, ids: &[CommandId]) -> Result<HashSet<CommandId>, Fault> {
        if ids.is_empty() {
            return Ok(HashSet::new());
        }
        let partition_id = PartitionId {
            context: <E::To as Context>::NAME,
            partition: self.at.partition_id.partition,
        };
        let outcomes = self.ports.streams.outcomes(partition_id, ids).await?;
        Ok(outcomes.into_iter().map(|row| row.command).collect())
    }

    /// The command of a parked call is in the log, or there is none.
    async fn done(&self, place: CallPlace) -> Result<bool, Fault> {
        let (waits, done) = (CallState::Waiting, CallState::Done);
        let parked = &self.ports.parked;
        parked.mark(self.at, place, waits, done, None).await
    }

    async fn event(&self, log_position: u64) -> Result<EventRecord, Fault> {
        let before = log_position.saturating_sub(1);
        let rows = self
            .ports
            .streams
            .read(self.at.partition_id, before, 1)
            .await?;
        let row = rows.into_iter().next();
        let row = row.filter(|row| row.record.log_position == log_position);
        let attempt = format!("read event {log_position} of {}", self.at.partition_id);
        row.map(|row| row.record)
            .ok_or_else(|| Fault::bare("event store", attempt))
    }
}

/// Behind every call of that event.
fn behind(log_position: u64) -> CallPlace {
    CallPlace {
        log_position,
        n: u32::MAX,
    }
}
