//! I1 from the events' side, and I8: the pass over the events of a partition.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::batch::{Cursor, EventRow, Outcome, OutcomeRow};
use kernel::id::CommandId;
use kernel::port::Reader;
use kernel::record::EventMeta;
use kernel::topic::{self, PartitionId};
use kernel::{EventId, Fault};

use super::chain::Chained;
use super::finding::in_full;
use super::order::Order;
use super::pages::Pages;
use super::published::Published;
use super::{Findings, Invariant, Verifier, Watch, bound};

/// Events that an outcome covers.
pub(super) fn count(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Accepted { events, .. } => u64::from(*events),
        Outcome::Rejected { .. } => 0,
    }
}

/// By command; none of one that cannot be read.
pub(super) type Outcomes = HashMap<CommandId, Option<OutcomeRow>>;

/// The rules that cannot be checked where the events cannot be read.
pub(super) const ALL: [Invariant; 8] = [
    Invariant::I0,
    Invariant::I1,
    Invariant::I2,
    Invariant::I3,
    Invariant::I4,
    Invariant::I5,
    Invariant::I8,
    Invariant::I12,
];

impl Verifier<'_> {
    pub(super) async fn events(
        &self,
        partition_id: PartitionId,
        cursor: &Cursor,
        log: Option<Box<dyn Reader>>,
        findings: &mut Findings,
        watch: &mut dyn Watch,
    ) {
        let head = cursor.next_log_position.saturating_sub(1);
        let mut published = Published::open(partition_id, log, findings).await;
        let mut order = Order::new(partition_id, cursor.next_stream);
        let mut chain = Chained::new(partition_id, cursor.chain);
        let mut pages = Pages::new(partition_id, head);
        loop {
            let rows = match pages.next(self.ports, findings).await {
                Ok(Some(rows)) => rows,
                Ok(None) => break,
                Err(fault) => {
                    findings.uncompared(&ALL, partition_id, in_full(&fault));
                    return watch.unseen(partition_id);
                }
            };
            watch.progress(rows.len());
            findings.events += rows.len() as u64;
            let metas = order.page(&rows, findings);
            chain.page(self.ports, &rows, findings).await;
            self.causes(partition_id, &rows, &metas, findings).await;
            self.misplaced(partition_id, &metas, findings).await;
            published.compare(&rows, findings).await;
            let new = rows.iter().filter(|row| row.sequence == 1);
            let new = new.map(|row| (Arc::clone(&row.record.key), row.stream));
            let new: Vec<(Arc<str>, i64)> = new.collect();
            self.streams(partition_id, &new, head, findings, watch)
                .await;
        }
        if pages.has_skipped() {
            watch.unseen(partition_id);
        }
        chain.finish(head, findings);
        if let Err(fault) = self.beyond(partition_id, head, findings).await {
            findings.uncompared(&[Invariant::I8], partition_id, in_full(&fault));
        }
        published.finish(head, self.live, findings).await;
    }

    /// I12: an event is in the partition of its key, or its command was decided there as well.
    async fn misplaced(
        &self,
        partition_id: PartitionId,
        metas: &[Option<EventMeta>],
        findings: &mut Findings,
    ) {
        for meta in metas.iter().flatten() {
            let key = topic::key(&meta.tenant, &meta.aggregate);
            let home = PartitionId {
                partition: topic::partition_of(key.as_bytes(), self.partitions),
                ..partition_id
            };
            if home == partition_id {
                continue;
            }
            let place = format!("{partition_id} position {}", meta.log_position);
            match self.outcomes(home, &[meta.command], findings).await {
                Err(fault) => findings.uncompared(&[Invariant::I12], &place, in_full(&fault)),
                Ok(found) if found.is_empty() => {
                    let detail = format!("key {key} belongs to another partition, {home}");
                    findings.violation(Invariant::I12, &place, detail);
                }
                Ok(_) => findings.note(format!(
                    "{place}: {key} belongs to {home}, where command {} was decided as well",
                    meta.command
                )),
            }
        }
    }

    /// I1 from the other side: every event is where its command's outcome places it.
    async fn causes(
        &self,
        partition_id: PartitionId,
        rows: &[EventRow],
        metas: &[Option<EventMeta>],
        findings: &mut Findings,
    ) {
        let mut ids: Vec<CommandId> = metas.iter().flatten().map(|meta| meta.command).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = match self.outcomes(partition_id, &ids, findings).await {
            Ok(found) => found,
            Err(fault) => {
                return findings.uncompared(&[Invariant::I1], partition_id, in_full(&fault));
            }
        };
        for (row, meta) in rows.iter().zip(metas) {
            let Some(meta) = meta else { continue };
            let place = format!("{partition_id} position {}", row.record.log_position);
            let Some(found) = found.get(&meta.command) else {
                let detail = format!(
                    "event {} belongs to command {}, which has no outcome",
                    meta.id, meta.command
                );
                findings.violation(Invariant::I1, &place, detail);
                continue;
            };
            match found.as_ref().map(|found| &found.outcome) {
                Some(Outcome::Accepted {
                    key,
                    first_log_position,
                    events,
                    ..
                }) => {
                    let index = row.record.log_position.checked_sub(*first_log_position);
                    let index = index.filter(|index| *index < u64::from(*events));
                    let id = index.and_then(|index| usize::try_from(index).ok());
                    if id.map(|index| EventId::of(meta.command, index)) != Some(meta.id) {
                        let detail = format!(
                            "event {} is not where the outcome of command {} has {events} events from position {first_log_position} on",
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
                None => {}
            }
        }
    }

    /// The outcomes of those commands that have one. One that cannot be read is named, and is there.
    pub(super) async fn outcomes(
        &self,
        partition_id: PartitionId,
        ids: &[CommandId],
        findings: &mut Findings,
    ) -> Result<Outcomes, Fault> {
        let ask = |ids| {
            let rows = self.ports.reader.outcomes(partition_id, ids);
            bound::answer(move || format!("look up commands in {partition_id}"), rows)
        };
        let by_id = |rows: Vec<OutcomeRow>| rows.into_iter().map(|row| (row.command, Some(row)));
        match ask(ids).await {
            Ok(rows) => return Ok(by_id(rows).collect()),
            Err(fault) if fault.damage().is_none() => return Err(fault),
            Err(_) => {}
        }
        let mut found = HashMap::new();
        for id in ids {
            match ask(std::slice::from_ref(id)).await {
                Ok(rows) => found.extend(by_id(rows)),
                Err(fault) => match fault.damage() {
                    Some(damaged) => {
                        findings.violation(Invariant::I1, partition_id, damaged);
                        found.insert(*id, None);
                    }
                    None => return Err(fault),
                },
            }
        }
        Ok(found)
    }

    /// I8: what a superseded owner wrote would be beyond the cursor of its successor.
    async fn beyond(
        &self,
        partition_id: PartitionId,
        head: u64,
        findings: &mut Findings,
    ) -> Result<(), Fault> {
        let read = self.ports.reader.read(partition_id, head, 1);
        let read = bound::answer(
            || format!("read events of {partition_id} after {head}"),
            read,
        );
        let Some(row) = read.await?.pop() else {
            return Ok(());
        };
        if row.record.log_position >= self.stands(partition_id).await?.next_log_position {
            let detail = format!(
                "an event stands at position {}, the cursor has given {head}",
                row.record.log_position
            );
            findings.violation(Invariant::I8, partition_id, detail);
        }
        Ok(())
    }
}
