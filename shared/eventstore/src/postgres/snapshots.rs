//! Snapshots on Postgres.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use kernel::Fault;
use kernel::port::{LoadedStream, Resumed, Snapshot, Snapshots};
use kernel::topic::PartitionId;
use postgres::{POSTGRES, fault};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::read::KEYS_MAX;
use super::{PostgresEventStore, sql};

#[async_trait]
impl Snapshots for PostgresEventStore {
    async fn save(&self, partition_id: PartitionId, snapshots: &[Snapshot]) -> Result<(), Fault> {
        let attempt = || format!("save {} snapshots of {partition_id}", snapshots.len());
        let refused = |error| Fault::new(POSTGRES, attempt(), error);
        let column = |of: fn(&Snapshot) -> i64| -> Vec<i64> { snapshots.iter().map(of).collect() };
        let mut versions = Vec::with_capacity(snapshots.len());
        let mut states = Vec::with_capacity(snapshots.len());
        for snapshot in snapshots {
            versions.push(i32::try_from(snapshot.version).map_err(refused)?);
            let state = std::str::from_utf8(&snapshot.state);
            states.push(state.map_err(|error| Fault::new(POSTGRES, attempt(), error))?);
        }
        let shapes: Vec<i32> = snapshots.iter().map(|row| row.shape.into()).collect();
        // One statement outside of any transaction is a transaction of its own.
        sqlx::query(&sql::save_snapshots(partition_id))
            .bind(column(|row| row.stream))
            .bind(versions)
            .bind(shapes)
            .bind(column(|row| row.checksum))
            .bind(states)
            .execute(&self.snapshots)
            .await
            .map(drop)
            .map_err(|error| fault(attempt(), error))
    }

    async fn resume(
        &self,
        partition_id: PartitionId,
        keys: &[Arc<str>],
        shape: u16,
    ) -> Result<Vec<Resumed>, Fault> {
        let attempt = || format!("resume streams of {partition_id}");
        let mut streams = Vec::new();
        for keys in keys.chunks(KEYS_MAX) {
            let keys: Vec<&str> = keys.iter().map(AsRef::as_ref).collect();
            let rows = sqlx::query(&sql::resume(partition_id))
                .bind(keys)
                .bind(i32::from(shape))
                .fetch_all(self.reads())
                .await
                .map_err(|error| fault(attempt(), error))?;
            for row in &rows {
                let added = self.add(partition_id, &mut streams, row, shape);
                added.map_err(|error| fault(attempt(), error))?;
            }
        }
        let streams = streams.into_iter().map(Resumed::without_holes);
        let streams: Result<Vec<_>, _> = streams.collect();
        streams.map_err(|hole| Fault::new(POSTGRES, attempt(), hole))
    }

    async fn stored(
        &self,
        partition_id: PartitionId,
        streams: &[i64],
    ) -> Result<Vec<Snapshot>, Fault> {
        let attempt = || format!("read snapshots of {partition_id}");
        let rows = sqlx::query(&sql::stored_snapshots(partition_id))
            .bind(streams)
            .fetch_all(self.reads())
            .await
            .map_err(|error| fault(attempt(), error))?;
        rows.iter()
            .map(|row| {
                // What no program has written is no program's shape.
                let shape = u16::try_from(row.try_get::<i32, _>("shape")?).unwrap_or(u16::MAX);
                snapshot(row, shape)
            })
            .collect::<Result<_, _>>()
            .map_err(|error| fault(attempt(), error))
    }
}

impl PostgresEventStore {
    /// Adds the next row of the streams that are being resumed: a snapshot, which is its stream's
    /// first row and has no log position, or an event.
    fn add(
        &self,
        partition_id: PartitionId,
        streams: &mut Vec<Resumed>,
        row: &PgRow,
        shape: u16,
    ) -> Result<(), sqlx::Error> {
        let stream: i64 = row.try_get("stream")?;
        let is_new = |last: &Resumed| last.tail.stream != stream;
        if streams.last().is_none_or(is_new) {
            streams.push(Resumed {
                snapshot: None,
                tail: LoadedStream {
                    key: row.try_get::<&str, _>("key")?.into(),
                    stream,
                    events: Vec::new(),
                },
            });
        }
        let last = streams
            .last_mut()
            .expect("one was pushed if there was none");
        if row.try_get::<Option<i64>, _>("position")?.is_none() {
            last.snapshot = Some(snapshot(row, shape)?);
        } else {
            last.tail.events.push(self.event(partition_id, row)?);
        }
        Ok(())
    }
}

fn snapshot(row: &PgRow, shape: u16) -> Result<Snapshot, sqlx::Error> {
    let version: i32 = row.try_get("sequence")?;
    Ok(Snapshot {
        stream: row.try_get("stream")?,
        // One below 0 was never written; as a number far beyond every stream it is as wrong.
        version: u64::from(version.cast_unsigned()),
        shape,
        checksum: row.try_get("checksum")?,
        state: Bytes::copy_from_slice(row.try_get::<&str, _>("record")?.as_bytes()),
    })
}
