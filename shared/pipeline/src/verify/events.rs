//! I2, I3, I4, I8, I12: the events table against itself, its outcomes and the event log.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use kernel::batch::{Cursor, EventRow, Outcome, OutcomeRow};
use kernel::id::CommandId;
use kernel::port::{Reader, Record};
use kernel::record::EventMeta;
use kernel::topic::{self, Shard};
use kernel::{EventId, Fault};

use super::log::Scan;
use super::{Findings, Invariant, PAGE, Verifier, Watch};
use crate::consume;

/// Events that an outcome stands for.
pub(super) fn count(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Accepted { events, .. } => u64::from(*events),
        Outcome::Rejected { .. } => 0,
    }
}

impl Verifier<'_> {
    pub(super) async fn events(
        &self,
        shard: Shard,
        cursor: &Cursor,
        reader: Box<dyn Reader>,
        findings: &mut Findings,
        watch: &mut dyn Watch,
    ) -> Result<(), Fault> {
        let head = cursor.next_position - 1;
        let mut published = Published::new(shard, Scan::new(reader).await?);
        let mut order = Order::new(shard, self.partitions, cursor.next_stream);
        let (violated, mut unloaded) = (findings.violated, None);
        while order.position < head {
            let after = order.position;
            let max = usize::try_from(head - after).unwrap_or(PAGE).min(PAGE);
            let rows = self.ports.reader.read(shard, after, max).await?;
            if rows.is_empty() {
                let detail = format!(
                    "the cursor has given {head} positions, event {} is missing",
                    after + 1
                );
                findings.violation(Invariant::I3, shard, detail);
                break;
            }
            watch.progress(rows.len());
            findings.events += rows.len() as u64;
            let metas = order.page(&rows, findings);
            self.causes(shard, &rows, &metas, findings).await?;
            published.compare(&rows, findings).await?;
            let new = rows.iter().filter(|row| row.sequence == 1);
            let new = new.map(|row| (Arc::clone(&row.record.key), row.stream));
            let new: Vec<(Arc<str>, i64)> = new.collect();
            let fault = self.streams(shard, &new, head, findings, watch).await?;
            unloaded = unloaded.or(fault);
        }
        match unloaded {
            Some(fault) if findings.violated == violated => return Err(fault),
            Some(fault) => findings.note(format!("{shard}: streams not compared: {fault}")),
            None => {}
        }
        self.beyond(shard, head, findings).await?;
        published.finish(head, self.live, findings);
        Ok(())
    }

    /// I1 from the other side: every event stands where its command's outcome says.
    async fn causes(
        &self,
        shard: Shard,
        rows: &[EventRow],
        metas: &[Option<EventMeta>],
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        let mut ids: Vec<CommandId> = metas.iter().flatten().map(|meta| meta.command).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = self.ports.reader.outcomes(shard, &ids).await?;
        let found: HashMap<CommandId, OutcomeRow> =
            found.into_iter().map(|row| (row.command, row)).collect();
        for (row, meta) in rows.iter().zip(metas) {
            let Some(meta) = meta else { continue };
            let place = format!("{shard} position {}", row.record.position);
            match found.get(&meta.command).map(|found| &found.outcome) {
                Some(Outcome::Accepted {
                    key,
                    first_position,
                    events,
                    ..
                }) => {
                    let index = row.record.position.checked_sub(*first_position);
                    let index = index.filter(|index| *index < u64::from(*events));
                    let id = index.and_then(|index| usize::try_from(index).ok());
                    if id.map(|index| EventId::of(meta.command, index)) != Some(meta.id) {
                        let detail = format!(
                            "event {} is not where the outcome of command {} has {events} events from position {first_position} on",
                            meta.id, meta.command
                        );
                        findings.violation(Invariant::I1, &place, detail);
                    }
                    if *key != row.record.key {
                        let detail = format!(
                            "event of {} has the command {} of {key}",
                            row.record.key, meta.command
                        );
                        findings.violation(Invariant::I12, &place, detail);
                    }
                }
                Some(Outcome::Rejected { .. }) => {
                    let detail = format!(
                        "event {} belongs to command {}, which was rejected",
                        meta.id, meta.command
                    );
                    findings.violation(Invariant::I1, &place, detail);
                }
                None => {
                    let detail = format!(
                        "event {} belongs to command {}, which has no outcome",
                        meta.id, meta.command
                    );
                    findings.violation(Invariant::I1, &place, detail);
                }
            }
        }
        Ok(())
    }

    /// I8: what a superseded owner wrote would stand beyond the cursor of the one that came after.
    async fn beyond(&self, shard: Shard, head: u64, findings: &mut Findings) -> Result<(), Fault> {
        let Some(row) = self.ports.reader.read(shard, head, 1).await?.pop() else {
            return Ok(());
        };
        let cursor = self.ports.store.cursor(shard).await?;
        if cursor.is_none_or(|cursor| row.record.position >= cursor.next_position) {
            let detail = format!(
                "an event stands at position {}, the cursor has given {head}",
                row.record.position
            );
            findings.violation(Invariant::I8, shard, detail);
        }
        Ok(())
    }
}

/// What the events of a partition must be among themselves.
struct Order {
    shard: Shard,
    partitions: u16,
    position: u64,
    next_stream: i64,
    /// Version of each stream so far, at its number.
    versions: Vec<u32>,
}

impl Order {
    fn new(shard: Shard, partitions: u16, next_stream: i64) -> Self {
        Self {
            shard,
            partitions,
            position: 0,
            next_stream,
            versions: Vec::new(),
        }
    }

    fn page(&mut self, rows: &[EventRow], findings: &mut Findings) -> Vec<Option<EventMeta>> {
        rows.iter().map(|row| self.row(row, findings)).collect()
    }

    fn row(&mut self, row: &EventRow, findings: &mut Findings) -> Option<EventMeta> {
        let (shard, position) = (self.shard, row.record.position);
        if position != self.position + 1 {
            let detail = format!("event {position} follows event {}", self.position);
            findings.violation(Invariant::I3, shard, detail);
        }
        self.position = position;
        let place = format!("{shard} position {position}");
        self.version(row, &place, findings);
        if topic::partition_of(row.record.key.as_bytes(), self.partitions) != shard.partition {
            let detail = format!("key {} belongs to another partition", row.record.key);
            findings.violation(Invariant::I12, &place, detail);
        }
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
                "event of {}/{} stands in the stream of {}",
                meta.tenant, meta.aggregate, row.record.key
            );
            findings.violation(Invariant::I12, &place, detail);
        }
        if meta.sequence != row.sequence {
            let detail = format!(
                "the record says version {}, its row {}",
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
        let index = usize::try_from(row.stream).unwrap_or_default();
        if self.versions.len() <= index {
            self.versions.resize(index + 1, 0);
        }
        let last = &mut self.versions[index];
        if row.sequence != u64::from(*last) + 1 {
            let detail = format!(
                "{} goes from version {last} to {}",
                row.record.key, row.sequence
            );
            findings.violation(Invariant::I2, place, detail);
        }
        *last = u32::try_from(row.sequence).unwrap_or(u32::MAX);
    }
}

/// The event log beside the events table.
struct Published {
    shard: Shard,
    scan: Scan,
    waiting: VecDeque<Record>,
    /// Last position met in the log.
    seen: u64,
    ended: bool,
    /// A hole, or a record that is no event: nothing behind it can be compared.
    broken: bool,
}

impl Published {
    fn new(shard: Shard, scan: Scan) -> Self {
        Self {
            shard,
            scan,
            waiting: VecDeque::new(),
            seen: 0,
            ended: false,
            broken: false,
        }
    }

    async fn compare(&mut self, rows: &[EventRow], findings: &mut Findings) -> Result<(), Fault> {
        for row in rows {
            let Some(record) = self.next(findings).await? else {
                return Ok(());
            };
            let event = &row.record;
            if self.seen != event.position {
                // The table has a hole of its own, which is named already.
                self.broken = true;
                return Ok(());
            }
            let same = record.key.as_deref() == Some(event.key.as_bytes())
                && record.value.as_ref() == Some(&event.value);
            if !same {
                let detail = format!(
                    "the record at offset {} is not the stored event of {}",
                    record.offset, event.key
                );
                let place = format!("{} position {}", self.shard, event.position);
                findings.violation(Invariant::I4, place, detail);
            }
        }
        Ok(())
    }

    /// The next record that is no repeat.
    async fn next(&mut self, findings: &mut Findings) -> Result<Option<Record>, Fault> {
        while !self.ended && !self.broken {
            let Some(record) = self.waiting.pop_front() else {
                self.waiting = self.scan.page().await?.into();
                self.ended = self.waiting.is_empty();
                continue;
            };
            match consume::next_position(&record, self.seen) {
                Ok(None) => {}
                Ok(Some(position)) => {
                    self.seen = position;
                    return Ok(Some(record));
                }
                Err(broken) => {
                    self.broken = true;
                    let place = format!("{} offset {} of the event log", self.shard, record.offset);
                    findings.violation(Invariant::I4, place, broken);
                }
            }
        }
        Ok(None)
    }

    fn finish(self, head: u64, live: bool, findings: &mut Findings) {
        if self.seen >= head || self.broken {
            return;
        }
        let (shard, seen) = (self.shard, self.seen);
        let detail = format!("events {} to {head} are not published", seen + 1);
        if live {
            findings.note(format!("{shard}: {detail} yet"));
        } else {
            findings.violation(Invariant::I4, shard, detail);
        }
    }
}
