//! I2, I3, I8, I12: the events of a partition among themselves.

use std::collections::HashMap;

use kernel::batch::EventRow;
use kernel::record::EventMeta;
use kernel::topic::{self, PartitionId};

use super::{Findings, Invariant};

/// What the events of a partition must be among themselves.
pub(super) struct Order {
    partition_id: PartitionId,
    log_position: u64,
    next_stream: i64,
    /// Version of each stream so far.
    versions: HashMap<i64, u64>,
}

impl Order {
    pub(super) fn new(partition_id: PartitionId, next_stream: i64) -> Self {
        Self {
            partition_id,
            log_position: 0,
            next_stream,
            versions: HashMap::new(),
        }
    }

    pub(super) fn page(
        &mut self,
        rows: &[EventRow],
        findings: &mut Findings,
    ) -> Vec<Option<EventMeta>> {
        rows.iter().map(|row| self.row(row, findings)).collect()
    }

    fn row(&mut self, row: &EventRow, findings: &mut Findings) -> Option<EventMeta> {
        let (partition_id, log_position) = (self.partition_id, row.record.log_position);
        if log_position != self.log_position.wrapping_add(1) {
            let detail = format!("event {log_position} follows event {}", self.log_position);
            findings.violation(Invariant::I3, partition_id, detail);
        }
        self.log_position = log_position;
        let place = format!("{partition_id} position {log_position}");
        self.version(row, &place, findings);
        let meta = match row.record.meta() {
            Ok(meta) => meta,
            Err(error) => {
                findings.violation(
                    Invariant::I4,
                    &place,
                    format!("the record is not an event: {error}"),
                );
                return None;
            }
        };
        if *topic::key(&meta.tenant, &meta.aggregate) != *row.record.key {
            let detail = format!(
                "event of {}/{} is in the stream of {}",
                meta.tenant, meta.aggregate, row.record.key
            );
            findings.violation(Invariant::I12, &place, detail);
        }
        if meta.sequence != row.sequence {
            let detail = format!(
                "the record has version {}, its row {}",
                meta.sequence, row.sequence
            );
            findings.violation(Invariant::I2, &place, detail);
        }
        Some(meta)
    }

    fn version(&mut self, row: &EventRow, place: &str, findings: &mut Findings) {
        if !(1..self.next_stream).contains(&row.stream) {
            let detail = format!(
                "stream {} is not among the {} that were given",
                row.stream,
                self.next_stream - 1
            );
            return findings.violation(Invariant::I8, place, detail);
        }
        let last = self.versions.entry(row.stream).or_default();
        if row.sequence != last.wrapping_add(1) {
            let detail = format!(
                "{} goes from version {last} to {}",
                row.record.key, row.sequence
            );
            findings.violation(Invariant::I2, place, detail);
        }
        *last = row.sequence;
    }
}
