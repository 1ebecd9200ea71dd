//! Snapshots, each save in a transaction of its own.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::checksum::Rows;
use kernel::port::{LoadedStream, Resumed, Snapshot, Snapshots};
use kernel::topic::PartitionId;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::event_store::{Stream, events_of, number_of, text};
use crate::file::{SqliteFile, fault};

#[async_trait]
impl Snapshots for SqliteFile {
    async fn save(&self, partition_id: PartitionId, snapshots: &[Snapshot]) -> Result<(), Fault> {
        let attempt = format!("save {} snapshots of {partition_id}", snapshots.len());
        let snapshots = snapshots.to_vec();
        let work = move |connection: &Connection| save(connection, partition_id, &snapshots);
        self.write_alone(attempt, work).await.map_err(fault)
    }

    async fn resume(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        shape: u16,
    ) -> Result<Vec<Resumed>, Fault> {
        let attempt = format!("resume {} streams of {partition_id}", keys.len());
        let (keys, rows) = (keys.to_vec(), self.rows());
        let work = move |connection: &Connection| {
            let streams = keys.into_iter();
            let streams = streams.map(|key| resume(connection, partition_id, key, shape, rows));
            streams
                .filter_map(Result::transpose)
                .collect::<rusqlite::Result<Vec<_>>>()
        };
        let streams = self.read(attempt.clone(), work).await?;
        let streams = streams.into_iter().map(Resumed::without_holes);
        let streams: Result<Vec<_>, _> = streams.collect();
        streams.map_err(|hole| Fault::new("sqlite", attempt, hole))
    }

    async fn stored(
        &self,
        partition_id: PartitionId,
        streams: &[i64],
    ) -> Result<Vec<Snapshot>, Fault> {
        let attempt = format!(
            "read snapshots of {} streams of {partition_id}",
            streams.len()
        );
        let streams = streams.to_vec();
        let work = move |connection: &Connection| {
            let snapshots = streams.into_iter();
            let snapshots = snapshots.map(|stream| stored(connection, partition_id, stream));
            snapshots.filter_map(Result::transpose).collect()
        };
        self.read(attempt, work).await
    }
}

fn save(
    connection: &Connection,
    partition_id: PartitionId,
    snapshots: &[Snapshot],
) -> rusqlite::Result<()> {
    let mut save = connection.prepare_cached(
        "INSERT OR REPLACE INTO snapshot \
             (context, partition, stream, version, shape, checksum, state) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for snapshot in snapshots {
        save.execute(params![
            partition_id.context,
            partition_id.partition,
            snapshot.stream,
            snapshot.version.cast_signed(),
            snapshot.shape,
            snapshot.checksum,
            text(&snapshot.state)?,
        ])?;
    }
    Ok(())
}

fn resume(
    connection: &Connection,
    partition_id: PartitionId,
    key: Arc<str>,
    shape: u16,
    rows: Rows,
) -> rusqlite::Result<Option<Resumed>> {
    let Some(number) = number_of(connection, partition_id, &key)? else {
        return Ok(None);
    };
    let snapshot = stored(connection, partition_id, number)?.filter(|stored| stored.shape == shape);
    let from = snapshot.as_ref().map_or(1, |snapshot| snapshot.version);
    let stream = Stream {
        partition_id,
        number,
        key,
    };
    let events = events_of(connection, &stream, from..=u64::MAX, rows)?;
    Ok(Some(Resumed {
        snapshot,
        tail: LoadedStream {
            key: stream.key,
            stream: number,
            events,
        },
    }))
}

fn stored(
    connection: &Connection,
    partition_id: PartitionId,
    stream: i64,
) -> rusqlite::Result<Option<Snapshot>> {
    connection
        .prepare_cached(
            "SELECT stream, version, shape, checksum, state FROM snapshot \
             WHERE context = ?1 AND partition = ?2 AND stream = ?3",
        )?
        .query_row(
            params![partition_id.context, partition_id.partition, stream],
            snapshot,
        )
        .optional()
}

fn snapshot(row: &Row<'_>) -> rusqlite::Result<Snapshot> {
    Ok(Snapshot {
        stream: row.get(0)?,
        version: row.get::<_, i64>(1)?.cast_unsigned(),
        // What no program has written is no program's shape.
        shape: u16::try_from(row.get::<_, i64>(2)?).unwrap_or(u16::MAX),
        checksum: row.get(3)?,
        state: Bytes::copy_from_slice(row.get_ref(4)?.as_bytes()?),
    })
}
