//! Reading a log of the file: memberships and the readers they give out.

use std::future;

use async_trait::async_trait;
use kernel::Fault;
use kernel::checksum::Rows;
use kernel::port::{Assignments, Change, ReadError, Reader, Record};
use kernel::topic::PartitionId;
use rusqlite::{Connection, MappedRows, Row};
use tokio::sync::watch;

use crate::file::{Log, SqliteFile, cause};
use crate::{command_log, event_log};

/// A membership of the only process there is: it gets every partition once and keeps them. A second
/// one of the same group in this process gets them all too; the store fences their writes.
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
        let partition_id = PartitionId {
            context: self.context,
            partition: self.next,
        };
        self.next += 1;
        Ok(Change::Assigned(reader(&self.file, self.log, partition_id)))
    }
}

/// A reader for every partition of a context.
pub(crate) fn follow(file: &SqliteFile, log: Log, context: &'static str) -> Vec<Box<dyn Reader>> {
    let partition_ids = (0..file.partitions()).map(|partition| PartitionId { context, partition });
    partition_ids
        .map(|partition_id| reader(file, log, partition_id))
        .collect()
}

fn reader(file: &SqliteFile, log: Log, partition_id: PartitionId) -> Box<dyn Reader> {
    Box::new(Tail {
        head: file.heads().watch(log, partition_id),
        file: file.clone(),
        log,
        partition_id,
        next: None,
    })
}

/// Reads one partition of a log.
struct Tail {
    file: SqliteFile,
    log: Log,
    partition_id: PartitionId,
    head: watch::Receiver<i64>,
    /// Offset of the record to be taken next; known once it was sought.
    next: Option<i64>,
}

#[async_trait]
impl Reader for Tail {
    fn partition(&self) -> u16 {
        self.partition_id.partition
    }

    async fn seek(&mut self, offset: i64) -> Result<(), ReadError> {
        self.next = None;
        let head = self.end().await?;
        // Beyond the head there would be records that no reader ever reads.
        if !(0..=head).contains(&offset) {
            return Err(ReadError::Gone { first: 0 });
        }
        self.file.heads().raise(self.log, self.partition_id, head);
        self.next = Some(offset);
        Ok(())
    }

    async fn take(&mut self, max: usize, out: &mut Vec<Record>) -> Result<(), ReadError> {
        let (log, partition_id) = (self.log, self.partition_id);
        let Some(next) = self.next else {
            let attempt = format!("take from the {} before a seek", self.name());
            return Err(Fault::bare("sqlite", attempt).into());
        };
        let waited = self.head.wait_for(|head| *head > next).await.map(drop);
        waited.map_err(|closed| {
            Fault::new("sqlite", format!("wait for the {}", self.name()), closed)
        })?;
        let attempt = format!("read the {} from {next}", self.name());
        let rows = self.file.rows();
        let page =
            move |connection: &Connection| log.page(connection, partition_id, next, max, rows);
        let mut page = self.file.read(attempt, page).await?;
        // No await from here on: a cancelled take has moved nothing.
        self.next = Some(page.behind(next)?);
        out.extend(page.records);
        Ok(())
    }

    async fn readable_after(&self, offset: i64) -> Result<i64, Fault> {
        let (log, partition_id) = (self.log, self.partition_id);
        let attempt = format!("look for what can be read of the {}", self.name());
        let rows = self.file.rows();
        let readable = move |connection: &Connection| {
            let readable = log.readable(connection, partition_id, offset, rows)?;
            readable.map_or_else(|| log.head(connection, partition_id), Ok)
        };
        self.file.read(attempt, readable).await
    }

    async fn end(&self) -> Result<i64, Fault> {
        let (log, partition_id) = (self.log, self.partition_id);
        let attempt = format!("read the end of the {}", self.name());
        self.file
            .read(attempt, move |connection| {
                log.head(connection, partition_id)
            })
            .await
    }

    /// Lag is read from the cursors: they are in the same file.
    fn done(&self, _next_offset: i64) {}
}

impl Tail {
    fn name(&self) -> String {
        let log = match self.log {
            Log::Commands => "command log",
            Log::Events => "event log",
        };
        format!("{log} of {}", self.partition_id)
    }
}

impl Log {
    /// The offset that the next record gets.
    fn head(self, connection: &Connection, partition_id: PartitionId) -> rusqlite::Result<i64> {
        match self {
            Self::Commands => command_log::head(connection, partition_id),
            Self::Events => event_log::head(connection, partition_id),
        }
    }

    /// Up to `max` records from an offset on.
    fn page(
        self,
        connection: &Connection,
        partition_id: PartitionId,
        from: i64,
        max: usize,
        rows: Rows,
    ) -> rusqlite::Result<Page> {
        match self {
            Self::Commands => command_log::page(connection, partition_id, from, max, rows),
            Self::Events => event_log::page(connection, partition_id, from, max, rows),
        }
    }

    /// Offset of the first record from `from` on that can be read.
    fn readable(
        self,
        connection: &Connection,
        partition_id: PartitionId,
        from: i64,
        rows: Rows,
    ) -> rusqlite::Result<Option<i64>> {
        match self {
            Self::Commands => command_log::readable(connection, partition_id, from, rows),
            Self::Events => event_log::readable(connection, partition_id, from, rows),
        }
    }

    /// The ends of all partitions of a context, as of one moment.
    pub(crate) async fn ends(
        self,
        file: &SqliteFile,
        context: &'static str,
    ) -> Result<Vec<i64>, Fault> {
        let partitions = file.partitions();
        let attempt = format!("read the ends of the logs of {context}");
        let ends = move |connection: &Connection| {
            let partition_ids = (0..partitions).map(|partition| PartitionId { context, partition });
            partition_ids
                .map(|partition_id| self.head(connection, partition_id))
                .collect()
        };
        file.read(attempt, ends).await
    }
}

/// Records of a log, and why the one behind them cannot be read.
pub(crate) struct Page {
    records: Vec<Record>,
    damage: Option<rusqlite::Error>,
}

impl Page {
    /// # Errors
    /// The file cannot be read. A row that holds what no record can hold ends the page.
    pub(crate) fn of<F>(rows: MappedRows<'_, F>) -> rusqlite::Result<Self>
    where
        F: FnMut(&Row<'_>) -> rusqlite::Result<Record>,
    {
        let mut records = Vec::new();
        for row in rows {
            match row {
                Ok(record) => records.push(record),
                Err(error) if is_of_the_row(&error) => {
                    let damage = Some(error);
                    return Ok(Self { records, damage });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            records,
            damage: None,
        })
    }

    /// Offset of the first record that can be read.
    pub(crate) fn first_readable<F>(rows: MappedRows<'_, F>) -> rusqlite::Result<Option<i64>>
    where
        F: FnMut(&Row<'_>) -> rusqlite::Result<Record>,
    {
        for row in rows {
            match row {
                Ok(record) => return Ok(Some(record.offset)),
                Err(error) if is_of_the_row(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// The offset behind the page, which was read from `next` on. Offsets have no holes here, so the
    /// page ends before one.
    fn behind(&mut self, next: i64) -> Result<i64, ReadError> {
        let whole = self.records.iter().zip(next..);
        let whole = whole.take_while(|(record, offset)| record.offset == *offset);
        let whole = whole.count();
        match (whole, self.records.first(), &self.damage) {
            (1.., ..) => {
                self.records.truncate(whole);
                Ok(self.records.last().map_or(next, |last| last.offset + 1))
            }
            (0, Some(first), _) => Err(ReadError::Gone {
                first: first.offset,
            }),
            (0, None, Some(damage)) => Err(ReadError::Unreadable {
                offset: next,
                detail: cause(damage, || format!("the record at offset {next}")).to_string(),
            }),
            (0, None, None) => Err(ReadError::Gone { first: 0 }),
        }
    }
}

/// Whether the row is at fault, and those behind it may be read.
pub(crate) fn is_of_the_row(error: &rusqlite::Error) -> bool {
    use rusqlite::Error as E;
    matches!(
        error,
        E::FromSqlConversionFailure(..) | E::IntegralValueOutOfRange(..) | E::InvalidColumnType(..)
    )
}

/// No bound on rows, as SQL has it.
pub(crate) const UNBOUNDED: i64 = -1;

/// A bound on rows as SQL has it.
pub(crate) fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}
