//! Reading a log of the file: memberships and the readers they give out.

use std::future;

use async_trait::async_trait;
use kernel::Fault;
use kernel::port::{Assignments, Change, Reader, Record};
use kernel::topic::Shard;
use rusqlite::Connection;
use tokio::sync::watch;

use crate::file::{Log, SqliteFile};
use crate::{command_log, event_log};

/// A membership of the only process there is: it gets every partition once and keeps them. A second
/// one of the same group in this process gets them all too; whoever writes is fenced by the store.
pub(crate) struct Membership {
    file: SqliteFile,
    log: Log,
    context: &'static str,
    next: u16,
}

impl Membership {
    pub(crate) fn new(file: SqliteFile, log: Log, context: &'static str) -> Self {
        Self {
            file,
            log,
            context,
            next: 0,
        }
    }
}

#[async_trait]
impl Assignments for Membership {
    async fn next(&mut self) -> Result<Change, Fault> {
        if self.next >= self.file.partitions() {
            return future::pending().await;
        }
        let shard = Shard {
            context: self.context,
            partition: self.next,
        };
        self.next += 1;
        Ok(Change::Assigned(Box::new(Tail {
            head: self.file.heads().watch(self.log, shard),
            file: self.file.clone(),
            log: self.log,
            shard,
            next: None,
        })))
    }
}

/// Reads one partition of a log.
struct Tail {
    file: SqliteFile,
    log: Log,
    shard: Shard,
    head: watch::Receiver<i64>,
    /// Offset of the record to be taken next; known once it was sought.
    next: Option<i64>,
}

#[async_trait]
impl Reader for Tail {
    fn partition(&self) -> u16 {
        self.shard.partition
    }

    async fn seek(&mut self, offset: i64) -> Result<(), Fault> {
        let head = self.end().await?;
        // Beyond the head there would be records that nobody ever reads.
        if !(0..=head).contains(&offset) {
            let attempt = format!(
                "seek {offset} in the {}, which holds 0 to {head}",
                self.name()
            );
            return Err(Fault::bare("sqlite", attempt));
        }
        self.file.heads().raise(self.log, self.shard, head);
        self.next = Some(offset);
        Ok(())
    }

    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), Fault> {
        let (log, shard) = (self.log, self.shard);
        let Some(next) = self.next else {
            return Err(Fault::bare(
                "sqlite",
                format!("take from the {} before a seek", self.name()),
            ));
        };
        let waited = self.head.wait_for(|head| *head > next).await.map(drop);
        waited.map_err(|closed| {
            Fault::new("sqlite", format!("wait for the {}", self.name()), closed)
        })?;
        let attempt = format!("read the {} from {next}", self.name());
        let page = move |connection: &Connection| log.page(connection, shard, next, max);
        let records = self.file.read(attempt, page).await?;
        // No await from here on: a cancelled take has moved nothing.
        self.next = records
            .last()
            .map_or(self.next, |last| Some(last.offset + 1));
        out.extend(records);
        Ok(())
    }

    async fn end(&self) -> Result<i64, Fault> {
        let (log, shard) = (self.log, self.shard);
        let attempt = format!("read the end of the {}", self.name());
        self.file
            .read(attempt, move |connection| log.head(connection, shard))
            .await
    }

    /// Lag is read from the cursors: they stand in the same file.
    fn done(&self, _next_offset: i64) {}
}

impl Tail {
    fn name(&self) -> String {
        let log = match self.log {
            Log::Commands => "command log",
            Log::Events => "event log",
        };
        format!("{log} of {}", self.shard)
    }
}

impl Log {
    /// The offset that the next record gets.
    fn head(self, connection: &Connection, shard: Shard) -> rusqlite::Result<i64> {
        match self {
            Self::Commands => command_log::head(connection, shard),
            Self::Events => event_log::head(connection, shard),
        }
    }

    /// Up to `max` records from an offset on.
    fn page(
        self,
        connection: &Connection,
        shard: Shard,
        from: i64,
        max: usize,
    ) -> rusqlite::Result<Vec<Record>> {
        match self {
            Self::Commands => command_log::page(connection, shard, from, max),
            Self::Events => event_log::page(connection, shard, from, max),
        }
    }
}

/// A bound on rows as SQL has it.
pub(crate) fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}
