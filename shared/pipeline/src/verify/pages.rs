//! The events of a partition in pages, around those that no store can make a row of.

use kernel::Fault;
use kernel::batch::EventRow;
use kernel::topic::PartitionId;

use super::counts::stuck;
use super::{Findings, Invariant, PAGE, VerifyPorts, bound};

/// Positions that are passed over one by one; where more cannot be read, the rest is not checked.
const SKIPPED_MAX: u64 = 1_000;
/// A page that cannot be read is tried again in so many times smaller ones.
const SMALLER: usize = 8;

pub(super) struct Pages {
    partition_id: PartitionId,
    after: u64,
    head: u64,
    max: usize,
    skipped: u64,
}

impl Pages {
    pub(super) fn new(partition_id: PartitionId, head: u64) -> Self {
        Self {
            partition_id,
            after: 0,
            head,
            max: PAGE,
            skipped: 0,
        }
    }

    /// Whether there were events that could not be read, or were not there.
    pub(super) fn has_skipped(&self) -> bool {
        self.skipped > 0
    }

    /// None behind the last.
    pub(super) async fn next(
        &mut self,
        ports: &VerifyPorts,
        findings: &mut Findings,
    ) -> Result<Option<Vec<EventRow>>, Fault> {
        while self.after < self.head {
            let (partition_id, after) = (self.partition_id, self.after);
            let left = usize::try_from(self.head - after).unwrap_or(PAGE);
            let attempt = || format!("read events of {partition_id} after {after}");
            let read = ports.reader.read(partition_id, after, self.max.min(left));
            match bound::answer(attempt, read).await {
                Ok(rows) => {
                    let Some(last) = rows.last().map(|row| row.record.log_position) else {
                        return Ok(self.missing(findings));
                    };
                    if last <= after {
                        return Err(stuck(attempt()));
                    }
                    self.after = last;
                    self.max = PAGE.min(self.max.saturating_mul(SMALLER));
                    return Ok(Some(rows));
                }
                Err(fault) => self.narrow(fault, findings)?,
            }
        }
        Ok(None)
    }

    fn missing(&mut self, findings: &mut Findings) -> Option<Vec<EventRow>> {
        let detail = format!(
            "the cursor has given {} positions, event {} is missing",
            self.head,
            self.after + 1
        );
        findings.violation(Invariant::I3, self.partition_id, detail);
        self.skipped += 1;
        self.after = self.head;
        None
    }

    /// Comes nearer to the row that cannot be read, names it and passes it over.
    fn narrow(&mut self, fault: Fault, findings: &mut Findings) -> Result<(), Fault> {
        let Some(damaged) = fault.damage() else {
            return Err(fault);
        };
        if self.max > 1 {
            self.max /= SMALLER;
            self.max = self.max.max(1);
            return Ok(());
        }
        let place = format!("{} position {}", self.partition_id, self.after + 1);
        findings.violation(Invariant::I0, place, damaged);
        self.after += 1;
        self.skipped += 1;
        if self.skipped > SKIPPED_MAX {
            return Err(fault);
        }
        Ok(())
    }
}
