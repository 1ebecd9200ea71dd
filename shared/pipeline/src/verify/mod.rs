//! Verify: the invariants, checked over the ports on what is stored. Reads only.
//!
//! A pass over one context: its command log against outcomes and letters, its events against log,
//! outcomes and order, its streams against every snapshot and read model. Memory is a page of each, a number
//! per aggregate of one partition, and the letters that were redriven.

mod chain;
mod commands;
mod counts;
mod events;
mod folds;
mod log;
mod order;
mod pages;
mod published;
mod rows;
mod streams;

mod bound;
mod finding;
mod rule;

use std::collections::HashMap;
use std::sync::Arc;

use kernel::batch::Cursor;
use kernel::port::{
    Authority, CommandLog, DeadLetters, EventLog, EventReader, EventStore, LoadedStream, ReadModel,
    Schemas, Scrub, Snapshots,
};
use kernel::topic::PartitionId;

use crate::slices::{ContextSlice, ViewSlice};
use events::ALL;
use finding::in_full;
use log::Logs;

pub use finding::{Findings, Invariant};
pub use folds::folds;
pub use rows::scrub;
pub use rule::{Coverage, Rule, RuleWorld};

/// Rows, records or outcomes read at once.
const PAGE: usize = 1_000;

/// The world as a check sees it. The store returns its rows as they are, damaged or not: a check of what
/// is stored names what contradicts, and continues.
#[derive(Clone)]
pub struct VerifyPorts {
    /// The input that everything is a function of.
    pub command_log: Arc<dyn CommandLog>,
    /// What was published.
    pub event_log: Arc<dyn EventLog>,
    /// Cursors.
    pub store: Arc<dyn EventStore>,
    /// Events and outcomes.
    pub reader: Arc<dyn EventReader>,
    /// Saved states, compared with the folds of their streams.
    pub snapshots: Arc<dyn Snapshots>,
    /// What could not be handled.
    pub dead_letters: Arc<dyn DeadLetters>,
    /// Looks at rows whether or not they are read.
    pub scrub: Arc<dyn Scrub>,
    /// Reads framed records; none without a registry.
    pub schemas: Option<Arc<dyn Schemas>>,
    /// Proves the senders of records, and so the identities of their commands.
    pub authority: Arc<dyn Authority>,
    /// Read models that outlive their process, each under its name.
    pub models: Vec<(&'static str, Arc<dyn ReadModel>)>,
}

/// What is asked beside the pipeline's own invariants.
pub trait Watch: Send {
    /// Sees every stream of the context, whole, once; `until` is the last log position checked.
    fn stream(&mut self, partition_id: PartitionId, stream: &LoadedStream, until: u64);
    /// Events of the partition could not be read: a watch has not seen all of it.
    fn unseen(&mut self, partition_id: PartitionId);
    /// So many records, events and streams were looked at since the last call.
    fn progress(&mut self, count: usize);
}

/// A check of one context.
pub struct Verifier<'a> {
    /// What is checked.
    pub ports: &'a VerifyPorts,
    /// Whose commands and events.
    pub context: ContextSlice,
    /// Those of the context.
    pub views: &'a [ViewSlice],
    /// Per topic.
    pub partitions: u16,
    /// The platform runs meanwhile: what is committed and not yet published is no violation.
    pub live: bool,
}

impl Verifier<'_> {
    /// Whatever is stored and whatever is away, this ends: with what was found, and with the rules that
    /// could not be checked.
    pub async fn run(&self, watch: &mut dyn Watch) -> Findings {
        let mut findings = Findings::default();
        let mut logs = self.logs(&mut findings).await;
        for partition in 0..self.partitions {
            let partition_id = PartitionId {
                context: self.context.name,
                partition,
            };
            // Read first: the logs and tables are checked as far as the cursor was then.
            let Some(cursor) = self.cursor(partition_id, &mut findings).await else {
                watch.unseen(partition_id);
                continue;
            };
            self.counts(partition_id, &mut findings).await;
            if let Some(commands) = logs.commands.remove(&partition) {
                self.commands(partition_id, &cursor, commands, &mut findings, watch)
                    .await;
            }
            let events = logs.events.remove(&partition);
            self.events(partition_id, &cursor, events, &mut findings, watch)
                .await;
        }
        findings
    }

    async fn logs(&self, findings: &mut Findings) -> Logs {
        let context = self.context.name;
        let commands = Logs::commands_of(self.ports, context).await;
        let commands = commands.unwrap_or_else(|fault| {
            let rules = [Invariant::I1, Invariant::I6, Invariant::I12];
            findings.uncompared(&rules, format!("{context} command log"), in_full(&fault));
            HashMap::new()
        });
        let events = Logs::events_of(self.ports, context).await;
        let events = events.unwrap_or_else(|fault| {
            let place = format!("{context} event log");
            findings.uncompared(&[Invariant::I4], place, in_full(&fault));
            HashMap::new()
        });
        Logs { commands, events }
    }

    /// The partition's cursor, if it has one.
    async fn cursor(&self, partition_id: PartitionId, findings: &mut Findings) -> Option<Cursor> {
        match self.stands(partition_id).await {
            Ok(cursor)
                if cursor.next_offset >= 0
                    && (1..=u64::MAX >> 1).contains(&cursor.next_log_position)
                    && cursor.next_stream >= 1 =>
            {
                Some(cursor)
            }
            Ok(cursor) => {
                let detail = format!("it is at no valid place: {cursor:?}");
                findings.violation(Invariant::I0, format!("cursor {partition_id}"), detail);
                None
            }
            Err(fault) => {
                findings.uncompared(&ALL, partition_id, in_full(&fault));
                findings.uncompared(&[Invariant::I6], partition_id, "its cursor cannot be read");
                None
            }
        }
    }
}
