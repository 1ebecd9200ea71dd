//! A look at the file: its pages and indexes, and every row.

use std::collections::HashMap;
use std::path::Path;

use async_trait::async_trait;
use kernel::Fault;
use kernel::checksum::{Checksum, Damaged, Mark, Rows};
use kernel::port::{Scrub, Scrubbed, ViewId};
use kernel::topic::{self, PartitionId};
use rusqlite::{Connection, Row, params};

use crate::file::{SqliteFile, cause, damaged, has_log, missing};
use crate::tail::limit;
use crate::{
    command_log, dead_letters, event_store, key_bindings, outcomes as notices, parked_calls,
    read_model, timers,
};

/// Complaints of SQLite's own check that are reported.
const COMPLAINTS_MAX: u32 = 100;
/// Misplaced events that are named: one is enough.
const NAMED_MAX: usize = 100;
/// Different names of contexts and views in a file: constants of the programs that wrote it.
const NAMES_MAX: usize = 1_000;

#[async_trait]
impl Scrub for SqliteFile {
    async fn structure(&self) -> Result<Vec<Damaged>, Fault> {
        let work = |connection: &Connection| Ok(structure(connection));
        self.read("check the file".to_owned(), work).await
    }

    /// Of the whole file, whatever contexts its rows name: the name may be what is damaged.
    async fn rows(&self, _: &[&'static str], _: u16) -> Result<Scrubbed, Fault> {
        let work = |connection: &Connection| Ok(all_but_events(connection));
        self.read("look at every row".to_owned(), work).await
    }

    async fn marks(
        &self,
        partition_id: PartitionId,
        after: u64,
        max: usize,
    ) -> Result<Vec<Mark>, Fault> {
        let attempt = format!("read marks of {partition_id}");
        let work = move |connection: &Connection| marks(connection, partition_id, after, max);
        self.read(attempt, work).await
    }
}

fn marks(
    connection: &Connection,
    partition_id: PartitionId,
    after: u64,
    max: usize,
) -> rusqlite::Result<Vec<Mark>> {
    let PartitionId { context, partition } = partition_id;
    connection
        .prepare_cached(
            "SELECT position, chain FROM mark \
             WHERE context = ?1 AND partition = ?2 AND position > ?3 ORDER BY position LIMIT ?4",
        )?
        .query_map(
            params![context, partition, after.cast_signed(), limit(max)],
            |row| {
                Ok(Mark {
                    log_position: row.get::<_, i64>(0)?.cast_unsigned(),
                    head: Checksum(row.get(1)?),
                })
            },
        )?
        .collect()
}

/// What SQLite reports of the pages, of the order in them, and of the indexes beside the tables; and what
/// is missing from the schema.
pub(crate) fn structure(connection: &Connection) -> Vec<Damaged> {
    let complaints = || -> rusqlite::Result<Vec<String>> {
        connection
            .prepare(&format!("PRAGMA integrity_check({COMPLAINTS_MAX})"))?
            .query_map([], |row| row.get(0))?
            .collect()
    };
    let complaints = complaints().unwrap_or_else(|error| vec![error.to_string()]);
    let missing = missing(connection).unwrap_or_else(|error| Some(error.to_string()));
    let missing = missing.map(|missing| format!("its schema lacks {missing}"));
    let cut_off = has_part_of_a_page(connection).unwrap_or(false);
    let cut_off = cut_off.then(|| "it ends within a page".to_owned());
    let complaints = complaints.into_iter().filter(|complaint| complaint != "ok");
    complaints
        .chain(missing)
        .chain(cut_off)
        .map(|complaint| Damaged::new("the file", complaint))
        .collect()
}

fn has_part_of_a_page(connection: &Connection) -> rusqlite::Result<bool> {
    let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let path = connection.path().map(Path::new);
    // What a log holds is not in the file yet.
    let path = path.filter(|path| !has_log(path));
    let file = path.and_then(|path| std::fs::metadata(path).ok());
    Ok(file.is_some_and(|file| file.len() % page.max(1) > 0))
}

fn all_but_events(connection: &Connection) -> Scrubbed {
    let mut found = commands(connection);
    found.add(cursors(connection));
    found.add(outcomes(connection));
    found.add(letters(connection));
    found.add(parked_calls(connection));
    found.add(timers(connection));
    found.add(beside_commands(connection));
    found.add(views(connection));
    found
}

pub(crate) fn commands(connection: &Connection) -> Scrubbed {
    let mut look = Look::new(connection);
    look.at("command", command_log::COLUMNS, command_log::command);
    look.found
}

pub(crate) fn cursors(connection: &Connection) -> Scrubbed {
    let mut look = Look::new(connection);
    look.at("cursor", event_store::CURSOR, event_store::cursor);
    look.found
}

pub(crate) fn outcomes(connection: &Connection) -> Scrubbed {
    let mut look = Look::new(connection);
    look.at(
        event_store::OUTCOMES,
        event_store::OUTCOME,
        event_store::outcome,
    );
    look.found
}

pub(crate) fn letters(connection: &Connection) -> Scrubbed {
    let mut look = Look::new(connection);
    look.at("dead_letter", dead_letters::COLUMNS, dead_letters::letter);
    look.at(
        "dead_letter WHERE key IS NOT NULL",
        dead_letters::KEY,
        dead_letters::parked_key,
    );
    look.found
}

pub(crate) fn parked_calls(connection: &Connection) -> Scrubbed {
    let mut look = Look::new(connection);
    look.at("parked_call", parked_calls::COLUMNS, parked_calls::call);
    look.found
}

pub(crate) fn timers(connection: &Connection) -> Scrubbed {
    let mut look = Look::new(connection);
    look.at("timer", timers::COLUMNS, |row, partition_id, _| {
        timers::due(partition_id.context, row).map_err(damaged)
    });
    look.found
}

/// Notices that producers are to receive, and the requests that callers' keys are bound to.
pub(crate) fn beside_commands(connection: &Connection) -> Scrubbed {
    let mut look = Look::new(connection);
    look.at("outcome_notice", notices::COLUMNS, notices::notice);
    let select = format!("SELECT {} FROM key_binding", key_bindings::COLUMNS);
    look.scan("key_binding", &select, |_, row| {
        key_bindings::binding(row).map(drop)
    });
    look.found
}

pub(crate) fn views(connection: &Connection) -> Scrubbed {
    let mut look = Look::new(connection);
    look.views();
    look.found
}

/// The events, and of the damaged ones those that may be in the wrong place: a reader of their
/// own place misses them. A record names its own place.
pub(crate) fn events(connection: &Connection) -> (Scrubbed, Vec<Damaged>) {
    let (mut look, mut misplaced) = (Look::new(connection), Vec::new());
    look.at(
        event_store::EVENTS,
        event_store::EVENT,
        |row, partition_id, rows| {
            let event = event_store::event(row, partition_id, Rows::AsStored)?;
            let checked = rows.check(partition_id, &event, event.checksum.map(|sum| sum.0));
            checked.map_err(|found| {
                let meta = event.record.meta().ok();
                let elsewhere = meta.is_some_and(|meta| {
                    meta.sequence != event.sequence
                        || topic::key(&meta.tenant, &meta.aggregate) != event.record.key
                });
                if elsewhere && misplaced.len() < NAMED_MAX {
                    misplaced.push(found.clone());
                }
                damaged(found)
            })
        },
    );
    (look.found, misplaced)
}

/// What was seen so far.
struct Look<'c> {
    connection: &'c Connection,
    names: HashMap<String, &'static str>,
    found: Scrubbed,
}

impl<'c> Look<'c> {
    fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            names: HashMap::new(),
            found: Scrubbed::default(),
        }
    }

    /// Every row of some partition.
    fn at<T>(
        &mut self,
        from: &str,
        columns: &str,
        mut read: impl FnMut(&Row<'_>, PartitionId, Rows) -> rusqlite::Result<T>,
    ) {
        let select = format!("SELECT {columns}, context, partition FROM {from}");
        self.scan(from, &select, |look, row| {
            let context = look.name(row, "context")?;
            let partition = row.get("partition")?;
            read(row, PartitionId { context, partition }, Rows::Proven).map(drop)
        });
    }

    fn views(&mut self) {
        let select = format!(
            "SELECT {}, view, version, partition FROM view_checkpoint",
            read_model::CHECKPOINT
        );
        self.scan("view_checkpoint", &select, |look, row| {
            let (name, version) = (look.name(row, "view")?, row.get("version")?);
            read_model::seen(row, ViewId { name, version }, row.get("partition")?).map(drop)
        });
        // The checksum is within the value.
        let select = "SELECT key, value, 0 AS checksum FROM view_value";
        self.scan("view_value", select, |_, row| {
            let key = row.get_ref("key")?.as_str()?;
            read_model::value(key, row.get_ref("value")?).map(drop)
        });
    }

    fn scan(
        &mut self,
        from: &str,
        select: &str,
        mut read: impl FnMut(&mut Self, &Row<'_>) -> rusqlite::Result<()>,
    ) {
        let mut scan = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(select)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let looked = read(self, row).and_then(|()| row.get::<_, Option<i64>>("checksum"));
                self.found.row(match looked {
                    Ok(checksum) => Ok(checksum.is_some()),
                    Err(error) => Err(cause(&error, || format!("a row of {from}"))),
                });
            }
            Ok(())
        };
        if let Err(error) = scan() {
            self.found
                .damaged(cause(&error, || format!("the table {from}")));
        }
    }

    /// The text of a column, which only a program's constants are expected in.
    fn name(&mut self, row: &Row<'_>, column: &str) -> rusqlite::Result<&'static str> {
        let name = row.get_ref(column)?.as_str()?;
        if let Some(known) = self.names.get(name) {
            return Ok(known);
        }
        if self.names.len() == NAMES_MAX {
            let row = format!("a row of {column} {name}");
            return Err(damaged(Damaged::new(row, "there are too many of them")));
        }
        let known: &'static str = name.to_owned().leak();
        self.names.insert(name.to_owned(), known);
        Ok(known)
    }
}
