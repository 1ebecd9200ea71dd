//! The event store: fenced writers, streams, outcomes.

mod commit;
mod read;
mod write;

use kernel::batch::Cursor;
use kernel::id::Owner;
use rusqlite::Row;

pub(crate) use read::{events_of, number_of};
pub(crate) use write::text;

/// The columns a [`cursor`] is made of.
const CURSOR: &str = "owner, next_offset, next_position, next_stream, repeats";

fn cursor(row: &Row<'_>) -> rusqlite::Result<Cursor> {
    Ok(Cursor {
        owner: Owner(row.get(0)?),
        next_offset: row.get(1)?,
        next_position: row.get::<_, i64>(2)?.cast_unsigned(),
        next_stream: row.get(3)?,
        repeats: row.get::<_, i64>(4)?.cast_unsigned(),
    })
}
