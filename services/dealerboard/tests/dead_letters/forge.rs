//! Edits by a forger who knows the checksums.

use kernel::batch::Cursor;
use kernel::checksum::{Chain, Checksum, EventParts, Row as _};
use kernel::id::Owner;
use kernel::port::ViewValue;
use kernel::topic::PartitionId;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::desk::Desk;

const TRADES: &str = "trades";

/// Rewrites events of trades, each with the checksum that it then has. The chain stays what it was.
pub(crate) fn rewrite_events(desk: &Desk, from: &str, to: &str) {
    let file = Connection::open(desk.file()).unwrap();
    let mut select = file
        .prepare(
            "SELECT e.partition, e.position, e.sequence, s.key, e.record
             FROM event e JOIN stream s USING (context, partition, stream)
             WHERE context = 'trades' AND instr(e.record, ?1) > 0",
        )
        .unwrap();
    let rows = select.query_map([from], |row| {
        let (partition, position, sequence): (u16, i64, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let (key, record): (String, String) = (row.get(3)?, row.get(4)?);
        Ok((partition, position, sequence, key, record))
    });
    let rows: Vec<_> = rows.unwrap().map(Result::unwrap).collect();
    assert!(!rows.is_empty(), "no event has {from}");
    for (partition, position, sequence, key, record) in rows {
        let record = record.replace(from, to);
        let parts = EventParts {
            log_position: position.cast_unsigned(),
            key: &key,
            sequence: sequence.cast_unsigned(),
            record: record.as_bytes(),
        };
        let checksum = parts.checksum(partition_id(partition)).0;
        let update = "UPDATE event SET record = ?3, checksum = ?4
            WHERE context = 'trades' AND partition = ?1 AND position = ?2";
        file.execute(update, params![partition, position, record, checksum])
            .unwrap();
    }
}

/// Rewrites values of the view of trades, each with the checksum that it then has.
pub(crate) fn rewrite_values(desk: &Desk, from: &str, to: &str) {
    let file = Connection::open(desk.file()).unwrap();
    let mut select = file
        .prepare("SELECT key, value FROM view_value WHERE view = 'trade'")
        .unwrap();
    let values = select.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
    });
    for (key, value) in values.unwrap().map(Result::unwrap) {
        let value = ViewValue::from_bytes(&key, value.into()).unwrap();
        let body = String::from_utf8(value.body.to_vec()).unwrap();
        let body = body.replace(from, to).into();
        let value = ViewValue { body, ..value }.to_bytes(&key);
        let update = "UPDATE view_value SET value = ?2 WHERE view = 'trade' AND key = ?1";
        file.execute(update, params![key, &value[..]]).unwrap();
    }
}

/// Rebuilds the chain of every partition of trades from the present checksums.
pub(crate) fn rechain(desk: &Desk) {
    let file = Connection::open(desk.file()).unwrap();
    let mut cursors = file
        .prepare(
            "SELECT partition, next_offset, next_position, next_stream, repeats, handled
             FROM cursor WHERE context = 'trades'",
        )
        .unwrap();
    let cursors = cursors.query_map([], |row| {
        let number = |column| row.get::<_, i64>(column);
        let cursor = Cursor {
            next_offset: number(1)?,
            next_log_position: number(2)?.cast_unsigned(),
            next_stream: number(3)?,
            repeats: number(4)?.cast_unsigned(),
            handled: number(5)?.cast_unsigned(),
            ..Cursor::start(Owner(Uuid::nil()))
        };
        Ok((row.get::<_, u16>(0)?, cursor))
    });
    for (partition, cursor) in cursors.unwrap().map(Result::unwrap) {
        let mut events = file
            .prepare(
                "SELECT checksum FROM event WHERE context = 'trades' AND partition = ?1
                 ORDER BY position",
            )
            .unwrap();
        let checksums = events.query_map([partition], |row| Ok(Checksum(row.get(0)?)));
        let checksums = checksums.unwrap().map(Result::unwrap);
        let chain = checksums.fold(Chain::at(1), Chain::with);
        let cursor = Cursor { chain, ..cursor };
        let update = "UPDATE cursor SET chain = ?2, checksum = ?3
            WHERE context = 'trades' AND partition = ?1";
        let checksum = cursor.checksum(partition_id(partition)).0;
        file.execute(update, params![partition, chain.head.0, checksum])
            .unwrap();
    }
}

fn partition_id(partition: u16) -> PartitionId {
    PartitionId {
        context: TRADES,
        partition,
    }
}
