//! I6, and I1 by numbers: what was handled is accepted, rejected, parked or a repeat.

use kernel::batch::Cursor;
use kernel::topic::PartitionId;
use kernel::{Fault, Owner};

use super::events::count;
use super::finding::in_full;
use super::{Findings, Invariant, PAGE, Verifier, bound};

/// Times the counts of a partition that moves are taken again before they are left out.
const COUNTS_MAX: usize = 5;

impl Verifier<'_> {
    pub(super) async fn counts(&self, partition_id: PartitionId, findings: &mut Findings) {
        let counted = self.count_all(partition_id, findings).await;
        let why = match counted {
            Ok(true) => return,
            Ok(false) => "the partition moves too fast".to_owned(),
            Err(fault) => in_full(&fault),
        };
        findings.uncompared(&[Invariant::I1, Invariant::I6], partition_id, why);
    }

    /// False when they could not be taken while nothing moved.
    async fn count_all(
        &self,
        partition_id: PartitionId,
        findings: &mut Findings,
    ) -> Result<bool, Fault> {
        for _ in 0..COUNTS_MAX {
            let before = self.stands(partition_id).await?;
            let outcomes = self.outcomes_of(partition_id).await?;
            let letters = self
                .letters_of(partition_id, before.next_offset, findings)
                .await?;
            if self.stands(partition_id).await? != before {
                continue;
            }
            // Numbers of a damaged cursor may be any.
            let sum = u128::from(outcomes.count) + u128::from(letters) + u128::from(before.repeats);
            if sum != u128::from(before.handled) {
                findings.violation(Invariant::I6, partition_id, format!(
                    "the cursor has handled {} commands, but there are {} outcomes, {letters} dead letters and {} repeats",
                    before.handled, outcomes.count, before.repeats
                ));
            }
            let head = before.next_log_position.saturating_sub(1);
            if outcomes.events != head {
                findings.violation(Invariant::I1, partition_id, format!(
                    "the cursor has given {head} positions, but the outcomes account for {} events",
                    outcomes.events
                ));
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// The partition's cursor now.
    pub(super) async fn stands(&self, partition_id: PartitionId) -> Result<Cursor, Fault> {
        let cursor = self.ports.store.cursor(partition_id);
        let cursor = bound::answer(|| format!("read the cursor of {partition_id}"), cursor).await?;
        // It never had an owner.
        Ok(cursor.unwrap_or_else(|| Cursor::start(Owner(uuid::Uuid::nil()))))
    }

    async fn outcomes_of(&self, partition_id: PartitionId) -> Result<Outcomes, Fault> {
        let mut sum = Outcomes::default();
        let mut after = None;
        loop {
            let page = self.ports.reader.scan_outcomes(partition_id, after, PAGE);
            let page = bound::answer(|| format!("scan outcomes of {partition_id}"), page).await?;
            let Some(last) = page.last() else {
                return Ok(sum);
            };
            if after >= Some(last.command) {
                return Err(stuck(format!("scan outcomes of {partition_id}")));
            }
            after = Some(last.command);
            sum.count += page.len() as u64;
            sum.events += page.iter().map(|row| count(&row.outcome)).sum::<u64>();
        }
    }

    async fn letters_of(
        &self,
        partition_id: PartitionId,
        next_offset: i64,
        findings: &mut Findings,
    ) -> Result<u64, Fault> {
        let (mut count, mut after) = (0, None);
        loop {
            let page = self.ports.dead_letters.list(partition_id, after, PAGE);
            let page =
                bound::answer(|| format!("list dead letters of {partition_id}"), page).await?;
            let Some(last) = page.last() else {
                return Ok(count);
            };
            if after >= Some(last.letter.offset) {
                return Err(stuck(format!("list dead letters of {partition_id}")));
            }
            after = Some(last.letter.offset);
            count += page.len() as u64;
            if last.letter.offset >= next_offset && !self.live {
                findings.violation(
                    Invariant::I8,
                    partition_id,
                    format!(
                        "a dead letter is at offset {}, the cursor at {next_offset}",
                        last.letter.offset
                    ),
                );
            }
        }
    }
}

/// A store whose order is broken returns the same page without end.
pub(super) fn stuck(attempt: String) -> Fault {
    Fault::bare("store", format!("{attempt}: the pages do not move on"))
}

#[derive(Default)]
struct Outcomes {
    count: u64,
    events: u64,
}
