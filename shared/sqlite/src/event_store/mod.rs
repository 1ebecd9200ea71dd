//! The event store: fenced writers, streams, outcomes.

mod commit;
mod read;
mod write;

use kernel::batch::Cursor;
use kernel::checksum::{Chain, Checksum, Rows};
use kernel::id::Owner;
use kernel::topic::PartitionId;
use rusqlite::Row;

use crate::file::damaged;

pub(crate) use read::{
    EVENT, EVENTS, OUTCOME, OUTCOMES, Stream, event, events_of, number_of, outcome,
};
pub(crate) use write::text;

/// The columns a [`cursor`] is made of.
pub(crate) const CURSOR: &str = "owner, next_offset, next_position, next_stream, repeats, handled, chain_from, \
     chain, checksum";

pub(crate) fn cursor(
    row: &Row<'_>,
    partition_id: PartitionId,
    rows: Rows,
) -> rusqlite::Result<Cursor> {
    let chain = Chain {
        from: row.get::<_, i64>(6)?.cast_unsigned(),
        head: Checksum(row.get(7)?),
    };
    let cursor = Cursor {
        owner: Owner(row.get(0)?),
        next_offset: row.get(1)?,
        next_log_position: row.get::<_, i64>(2)?.cast_unsigned(),
        next_stream: row.get(3)?,
        repeats: row.get::<_, i64>(4)?.cast_unsigned(),
        handled: row.get::<_, i64>(5)?.cast_unsigned(),
        chain,
    };
    rows.check(partition_id, &cursor, row.get(8)?)
        .map_err(damaged)?;
    Ok(cursor)
}
