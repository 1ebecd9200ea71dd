//! I4: the event log beside the events table.

use std::collections::VecDeque;

use kernel::Fault;
use kernel::batch::EventRow;
use kernel::port::{Reader, Record};
use kernel::topic::PartitionId;

use super::finding::in_full;
use super::log::Scan;
use super::{Findings, Invariant};
use crate::consume;

pub(super) struct Published {
    partition_id: PartitionId,
    /// None when the log cannot be read, or not any further.
    scan: Option<Scan>,
    waiting: VecDeque<Record>,
    /// The next record of the log, and its log position.
    next: Option<(u64, Record)>,
    /// Last log position met in the log.
    seen: u64,
    /// Gaps of the log that were accounted for by what it does not give.
    accounted: usize,
    ended: bool,
    /// Records that are no events of ours.
    foreign: u64,
}

impl Published {
    pub(super) async fn open(
        partition_id: PartitionId,
        reader: Option<Box<dyn Reader>>,
        findings: &mut Findings,
    ) -> Self {
        let scan = match reader {
            None => None,
            Some(reader) => match Scan::new(reader).await {
                Ok(scan) => Some(scan),
                Err(fault) => {
                    findings.uncompared(&[Invariant::I4], partition_id, in_full(&fault));
                    None
                }
            },
        };
        Self {
            partition_id,
            scan,
            waiting: VecDeque::new(),
            next: None,
            seen: 0,
            accounted: 0,
            ended: false,
            foreign: 0,
        }
    }

    pub(super) async fn compare(&mut self, rows: &[EventRow], findings: &mut Findings) {
        for row in rows {
            let event = &row.record;
            let Some(record) = self.at(event.log_position, findings).await else {
                // What the log does not give is named already.
                continue;
            };
            let same = record.key.as_deref() == Some(event.key.as_bytes())
                && record.value.as_ref() == Some(&event.value);
            if !same {
                let detail = format!(
                    "the record at offset {} is not the stored event of {}",
                    record.offset, event.key
                );
                let place = format!("{} position {}", self.partition_id, event.log_position);
                findings.violation(Invariant::I4, place, detail);
            }
        }
    }

    /// The record of a log position; those before it are of events that the table has not.
    async fn at(&mut self, log_position: u64, findings: &mut Findings) -> Option<Record> {
        loop {
            if let Err(fault) = self.advance(findings).await {
                findings.uncompared(&[Invariant::I4], self.partition_id, in_full(&fault));
                self.scan = None;
            }
            match self.next.take()? {
                (at, record) if at == log_position => return Some(record),
                (at, _) if at < log_position => {}
                later => {
                    self.next = Some(later);
                    return None;
                }
            }
        }
    }

    /// Has the next record that is no repeat at hand, unless there is none.
    async fn advance(&mut self, findings: &mut Findings) -> Result<(), Fault> {
        while self.next.is_none() && !self.ended {
            let Some(scan) = &mut self.scan else {
                return Ok(());
            };
            let Some(record) = self.waiting.pop_front() else {
                self.waiting = scan.page().await?.into();
                self.ended = self.waiting.is_empty();
                self.name_missing(findings);
                continue;
            };
            self.take(record, findings);
        }
        Ok(())
    }

    fn take(&mut self, record: Record, findings: &mut Findings) {
        match consume::next_log_position(&record, self.seen) {
            Ok(None) => {}
            Ok(Some(log_position)) => {
                self.seen = log_position;
                self.next = Some((log_position, record));
            }
            // After a gap in the log, the log positions continue at any number.
            Err(consume::Broken::Gap { found, .. }) if self.accounts_for_a_gap(&record) => {
                self.seen = found;
                self.next = Some((found, record));
            }
            Err(consume::Broken::WithoutLogPosition { .. }) => self.foreign += 1,
            Err(broken) => {
                let place = format!(
                    "{} offset {} of the event log",
                    self.partition_id, record.offset
                );
                findings.violation(Invariant::I4, place, broken);
                // Nothing behind it can be compared.
                self.scan = None;
                self.ended = true;
            }
        }
    }

    fn accounts_for_a_gap(&mut self, record: &Record) -> bool {
        let missing = self.scan.as_ref().map_or(&[][..], |scan| &scan.missing);
        let before = missing.iter().filter(|missing| missing.to <= record.offset);
        let before = before.count();
        let is_new = before > self.accounted;
        self.accounted = before;
        is_new
    }

    fn name_missing(&mut self, findings: &mut Findings) {
        let Some(scan) = &mut self.scan else { return };
        for missing in scan.missing.iter_mut().filter(|missing| !missing.is_named) {
            missing.is_named = true;
            let place = format!("{} event log", self.partition_id);
            if missing.damage.is_some() {
                findings.violation(Invariant::I4, place, &*missing);
            } else {
                findings.uncompared(&[Invariant::I4], place, &*missing);
            }
        }
    }

    /// Behind the last event of the table.
    pub(super) async fn finish(mut self, head: u64, live: bool, findings: &mut Findings) {
        if let Err(fault) = self.advance(findings).await {
            return findings.uncompared(&[Invariant::I4], self.partition_id, in_full(&fault));
        }
        if self.foreign > 0 {
            findings.note(format!(
                "{}: {} records of the event log are none of ours",
                self.partition_id, self.foreign
            ));
        }
        let Some(scan) = &self.scan else { return };
        let is_cut_off = scan.missing.last().is_some_and(|last| last.to >= scan.end);
        if self.seen >= head || is_cut_off {
            return;
        }
        let (partition_id, seen) = (self.partition_id, self.seen);
        let detail = format!("events {} to {head} are not published", seen + 1);
        if live {
            findings.note(format!("{partition_id}: {detail} yet"));
        } else {
            findings.violation(Invariant::I4, partition_id, detail);
        }
    }
}
