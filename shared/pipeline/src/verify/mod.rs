//! Verify: the invariants, checked over the ports on what is stored. Reads only.
//!
//! A pass over one context: its command log against outcomes and letters, its events against log,
//! outcomes and order, its streams against every snapshot and read model. Memory is a page of each, four bytes
//! per aggregate of one partition, and the letters that were redriven.

mod commands;
mod events;
mod finding;
mod log;
mod streams;

use std::sync::Arc;

use kernel::Fault;
use kernel::batch::Cursor;
use kernel::port::{
    Authority, CommandLog, DeadLetters, EventLog, EventReader, EventStore, LoadedStream, ReadModel,
    Schemas, Snapshots,
};
use kernel::topic::Shard;

use crate::slices::{ContextSlice, ViewSlice};
use log::Logs;

pub use finding::{Findings, Invariant};

/// Rows, records or outcomes read at once.
const PAGE: usize = 1_000;
/// Times the counts of a partition that moves are taken again before they are left out.
const COUNTS_MAX: usize = 5;

/// The world as a check sees it.
#[derive(Clone)]
pub struct VerifyPorts {
    pub command_log: Arc<dyn CommandLog>,
    pub event_log: Arc<dyn EventLog>,
    pub store: Arc<dyn EventStore>,
    pub reader: Arc<dyn EventReader>,
    pub snapshots: Arc<dyn Snapshots>,
    pub dead_letters: Arc<dyn DeadLetters>,
    pub schemas: Option<Arc<dyn Schemas>>,
    /// Knows the senders of records, and so the identities of their commands.
    pub authority: Arc<dyn Authority>,
    /// Read models that outlive their process, each under its name.
    pub models: Vec<(&'static str, Arc<dyn ReadModel>)>,
}

/// What is asked beside the pipeline's own invariants.
pub trait Watch: Send {
    /// Sees every stream of the context, whole, once; `until` is the last position checked.
    fn stream(&mut self, shard: Shard, stream: &LoadedStream, until: u64);
    /// So many records, events and streams were looked at since the last call.
    fn progress(&mut self, count: usize);
}

/// A check of one context.
pub struct Verifier<'a> {
    pub ports: &'a VerifyPorts,
    pub context: ContextSlice,
    pub views: &'a [ViewSlice],
    pub partitions: u16,
    /// The platform runs meanwhile: what is committed and not yet published is no violation.
    pub live: bool,
    /// Names this run: the group under which logs are read, which nobody else has.
    pub group: String,
}

impl Verifier<'_> {
    /// # Errors
    /// A port cannot be reached, so that nothing can be said.
    pub async fn run(&self, watch: &mut dyn Watch) -> Result<Findings, Fault> {
        let mut findings = Findings::default();
        let mut logs =
            Logs::join(self.ports, self.context.name, &self.group, self.partitions).await?;
        for partition in 0..self.partitions {
            let shard = Shard {
                context: self.context.name,
                partition,
            };
            // Read first: the logs and tables are checked as far as it stood then.
            let cursor = self.ports.store.cursor(shard).await?;
            let cursor = cursor.unwrap_or_else(untouched);
            self.counts(shard, &mut findings).await?;
            let commands = logs.commands(partition)?;
            self.commands(shard, &cursor, commands, &mut findings, watch)
                .await?;
            let events = logs.events(partition)?;
            self.events(shard, &cursor, events, &mut findings, watch)
                .await?;
        }
        Ok(findings)
    }

    /// I6: every command handled is accepted, rejected, parked or a repeat.
    async fn counts(&self, shard: Shard, findings: &mut Findings) -> Result<(), Fault> {
        let store = &self.ports.store;
        for _ in 0..COUNTS_MAX {
            let before = store.cursor(shard).await?.unwrap_or_else(untouched);
            let outcomes = self.outcomes(shard).await?;
            let letters = self.letters(shard, before.next_offset, findings).await?;
            if store.cursor(shard).await?.unwrap_or_else(untouched) != before {
                continue;
            }
            let sum = outcomes.count + letters + before.repeats;
            if sum != before.next_offset.cast_unsigned() {
                findings.violation(Invariant::I6, shard, format!(
                    "the cursor has passed {} commands, but there are {} outcomes, {letters} dead letters and {} repeats",
                    before.next_offset, outcomes.count, before.repeats
                ));
            }
            let head = before.next_position - 1;
            if outcomes.events != head {
                findings.violation(Invariant::I1, shard, format!(
                    "the cursor has given {head} positions, but the outcomes account for {} events",
                    outcomes.events
                ));
            }
            return Ok(());
        }
        findings.note(format!(
            "{shard}: counts not compared, the partition moves too fast"
        ));
        Ok(())
    }

    async fn outcomes(&self, shard: Shard) -> Result<Outcomes, Fault> {
        let mut sum = Outcomes::default();
        let mut after = None;
        loop {
            let page = self.ports.reader.scan_outcomes(shard, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(sum);
            };
            after = Some(last.command);
            sum.count += page.len() as u64;
            sum.events += page
                .iter()
                .map(|row| events::count(&row.outcome))
                .sum::<u64>();
        }
    }

    async fn letters(
        &self,
        shard: Shard,
        next_offset: i64,
        findings: &mut Findings,
    ) -> Result<u64, Fault> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.ports.dead_letters.list(shard, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            after = Some(last.letter.offset);
            count += page.len() as u64;
            if last.letter.offset >= next_offset && !self.live {
                findings.violation(
                    Invariant::I8,
                    shard,
                    format!(
                        "a dead letter stands at offset {}, the cursor at {next_offset}",
                        last.letter.offset
                    ),
                );
            }
        }
    }
}

#[derive(Default)]
struct Outcomes {
    count: u64,
    events: u64,
}

/// Where a partition stands that nobody ever took over.
fn untouched() -> Cursor {
    Cursor {
        owner: kernel::Owner(uuid::Uuid::nil()),
        next_offset: 0,
        next_position: 1,
        next_stream: 1,
        repeats: 0,
    }
}
