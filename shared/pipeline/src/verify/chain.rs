//! I0 for events: each is what was written, and all of them make the chain that the cursor holds.

use std::collections::VecDeque;

use kernel::Fault;
use kernel::batch::EventRow;
use kernel::checksum::{Chain, Checksum, MARK_LOG_POSITIONS, Mark, Row as _};
use kernel::topic::PartitionId;

use super::finding::in_full;
use super::{Findings, Invariant, PAGE, VerifyPorts, bound};

/// The chain of a partition, made again event by event.
pub(super) struct Chained {
    partition_id: PartitionId,
    /// As the cursor has it.
    stored: Chain,
    /// From the chain's beginning, and from the last mark: a mark that was changed by itself is not
    /// taken for events that were, and events before a mark do not spoil what follows it.
    whole: Chain,
    since_mark: Chain,
    last_mark: u64,
    marks: VecDeque<Mark>,
    /// Marks could not be read: only the whole is compared.
    without_marks: bool,
    unproven: u64,
}

impl Chained {
    pub(super) fn new(partition_id: PartitionId, stored: Chain) -> Self {
        let whole = Chain::at(stored.from);
        Self {
            partition_id,
            stored,
            whole,
            since_mark: whole,
            last_mark: stored.from.saturating_sub(1),
            marks: VecDeque::new(),
            without_marks: false,
            unproven: 0,
        }
    }

    pub(super) async fn page(
        &mut self,
        ports: &VerifyPorts,
        rows: &[EventRow],
        findings: &mut Findings,
    ) {
        for row in rows {
            if let Err(damaged) = row.check(self.partition_id, row.checksum) {
                findings.violation(Invariant::I0, damaged.row, damaged.why);
            }
            if row.record.log_position < self.stored.from {
                self.unproven += u64::from(row.checksum.is_none());
                continue;
            }
            let checksum = row.checksum.unwrap_or_else(|| {
                let detail = format!(
                    "it has no checksum, though the chain begins at {}",
                    self.stored.from
                );
                findings.violation(Invariant::I0, row.name(self.partition_id), detail);
                Checksum(0)
            });
            self.whole = self.whole.with(checksum);
            self.since_mark = self.since_mark.with(checksum);
            if row.record.log_position.is_multiple_of(MARK_LOG_POSITIONS) && !self.without_marks {
                self.mark(ports, row.record.log_position, findings).await;
            }
        }
    }

    async fn mark(&mut self, ports: &VerifyPorts, log_position: u64, findings: &mut Findings) {
        match self.mark_at(ports, log_position).await {
            Ok(Some(mark)) => {
                if !self.is_at(mark.head) {
                    self.broken(log_position, "the mark there", findings);
                }
                self.since_mark.head = mark.head;
                self.last_mark = log_position;
            }
            Ok(None) => {
                let detail = format!("the mark of position {log_position} is missing");
                findings.violation(Invariant::I0, self.partition_id, detail);
            }
            Err(fault) => {
                self.without_marks = true;
                findings.uncompared(
                    &[Invariant::I0],
                    format!("{} marks", self.partition_id),
                    in_full(&fault),
                );
            }
        }
    }

    async fn mark_at(
        &mut self,
        ports: &VerifyPorts,
        log_position: u64,
    ) -> Result<Option<Mark>, Fault> {
        let partition_id = self.partition_id;
        if self
            .marks
            .back()
            .is_none_or(|last| last.log_position < log_position)
        {
            let marks = ports.scrub.marks(partition_id, log_position - 1, PAGE);
            let marks = bound::answer(|| format!("read marks of {partition_id}"), marks).await?;
            self.marks = marks.into();
        }
        while self
            .marks
            .front()
            .is_some_and(|mark| mark.log_position < log_position)
        {
            self.marks.pop_front();
        }
        let is_here = |mark: &&Mark| mark.log_position == log_position;
        Ok(self.marks.front().filter(is_here).copied())
    }

    fn is_at(&self, head: Checksum) -> bool {
        head == self.whole.head || head == self.since_mark.head
    }

    fn broken(&self, log_position: u64, what: &str, findings: &mut Findings) {
        let detail = format!(
            "events {} to {log_position} do not make {what}: one of them was rewritten with its checksum, or is gone",
            self.last_mark + 1
        );
        findings.violation(
            Invariant::I0,
            format!("chain of {}", self.partition_id),
            detail,
        );
    }

    /// Behind the last event of the partition.
    pub(super) fn finish(self, head: u64, findings: &mut Findings) {
        if !self.is_at(self.stored.head) {
            self.broken(head, "the chain in the cursor", findings);
        }
        findings.unproven += self.unproven;
        if self.unproven > 0 {
            findings.note(format!(
                "{}: {} events, up to position {}, were written before there were checksums: unproven",
                self.partition_id,
                self.unproven,
                self.stored.from.saturating_sub(1)
            ));
        }
    }
}
