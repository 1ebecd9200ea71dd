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

use std::collections::HashMap;
use std::sync::Arc;

use kernel::batch::Cursor;
use kernel::port::{
    Authority, CommandLog, DeadLetters, EventLog, EventReader, EventStore, LoadedStream, ReadModel,
    Schemas, Scrub, Snapshots,
};
use kernel::topic::Shard;

use crate::slices::{ContextSlice, ViewSlice};
use events::ALL;
use finding::told;
use log::Logs;

pub use finding::{Findings, Invariant};
pub use folds::folds;
pub use rows::scrub;

/// Rows, records or outcomes read at once.
const PAGE: usize = 1_000;

/// The world as a check sees it. The store gives its rows as they are, damaged or not: a check of what is
/// stored names what contradicts, and goes on.
#[derive(Clone)]
pub struct VerifyPorts {
    pub command_log: Arc<dyn CommandLog>,
    pub event_log: Arc<dyn EventLog>,
    pub store: Arc<dyn EventStore>,
    pub reader: Arc<dyn EventReader>,
    pub snapshots: Arc<dyn Snapshots>,
    pub dead_letters: Arc<dyn DeadLetters>,
    pub scrub: Arc<dyn Scrub>,
    pub schemas: Option<Arc<dyn Schemas>>,
    /// Knows the senders of records, and so the identities of their commands.
    pub authority: Arc<dyn Authority>,
    /// Read models that outlive their process, each under its name.
    pub models: Vec<(&'static str, Arc<dyn ReadModel>)>,
}

/// What is asked beside the pipeline's own invariants.
pub trait Watch: Send {
    /// Sees every stream of the context, whole, once; `until` is the last log position checked.
    fn stream(&mut self, shard: Shard, stream: &LoadedStream, until: u64);
    /// Events of the partition could not be read: what a watch knows of it is not all.
    fn unseen(&mut self, shard: Shard);
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
}

impl Verifier<'_> {
    /// Whatever is stored and whatever is away, this ends: in what was found, and in the rules of which
    /// nothing can be said.
    pub async fn run(&self, watch: &mut dyn Watch) -> Findings {
        let mut findings = Findings::default();
        let mut logs = self.logs(&mut findings).await;
        for partition in 0..self.partitions {
            let shard = Shard {
                context: self.context.name,
                partition,
            };
            // Read first: the logs and tables are checked as far as it stood then.
            let Some(cursor) = self.cursor(shard, &mut findings).await else {
                watch.unseen(shard);
                continue;
            };
            self.counts(shard, &mut findings).await;
            if let Some(commands) = logs.commands.remove(&partition) {
                self.commands(shard, &cursor, commands, &mut findings, watch)
                    .await;
            }
            let events = logs.events.remove(&partition);
            self.events(shard, &cursor, events, &mut findings, watch)
                .await;
        }
        findings
    }

    async fn logs(&self, findings: &mut Findings) -> Logs {
        let context = self.context.name;
        let commands = Logs::commands_of(self.ports, context).await;
        let commands = commands.unwrap_or_else(|fault| {
            let rules = [Invariant::I1, Invariant::I6, Invariant::I12];
            findings.uncompared(&rules, format!("{context} command log"), told(&fault));
            HashMap::new()
        });
        let events = Logs::events_of(self.ports, context).await;
        let events = events.unwrap_or_else(|fault| {
            let place = format!("{context} event log");
            findings.uncompared(&[Invariant::I4], place, told(&fault));
            HashMap::new()
        });
        Logs { commands, events }
    }

    /// Where the partition stands, unless that is nowhere.
    async fn cursor(&self, shard: Shard, findings: &mut Findings) -> Option<Cursor> {
        match self.stands(shard).await {
            Ok(cursor)
                if cursor.next_offset >= 0
                    && (1..=u64::MAX >> 1).contains(&cursor.next_log_position)
                    && cursor.next_stream >= 1 =>
            {
                Some(cursor)
            }
            Ok(cursor) => {
                let detail = format!("it stands nowhere: {cursor:?}");
                findings.violation(Invariant::I0, format!("cursor {shard}"), detail);
                None
            }
            Err(fault) => {
                findings.uncompared(&ALL, shard, told(&fault));
                findings.uncompared(&[Invariant::I6], shard, "its cursor cannot be read");
                None
            }
        }
    }
}
