//! What became of letters that are in their log again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::Fault;
use kernel::batch::Outcome;
use kernel::port::{Appended, DeadLetterState, EventReader, EventStore, StoredDeadLetter};
use kernel::topic::PartitionId;
use operations::Counts;
use pipeline::{Redriver, redrive_of};
use tokio::time::Instant;
use uuid::Uuid;

use crate::whose::Whose;

/// How long the processors are given to handle a step's letters.
const HANDLED_WITHIN: Duration = Duration::from_secs(5);
const LOOK_PERIOD: Duration = Duration::from_millis(20);

/// Looks at outcomes and letters.
pub(crate) struct Watch {
    pub(crate) redriver: Redriver,
    pub(crate) store: Arc<dyn EventStore>,
    pub(crate) reader: Arc<dyn EventReader>,
    pub(crate) whose: Whose,
}

/// A letter that was sent, and where its copy is: not known of one that a try before has sent.
pub(crate) type Sent = (StoredDeadLetter, Option<Appended>);

impl Watch {
    /// Counts what became of them.
    pub(crate) async fn count(&self, redrive: Uuid, sent: &[Sent]) -> Result<Counts, Fault> {
        let until = Instant::now() + HANDLED_WITHIN;
        for (_, appended) in sent {
            if let Some(appended) = appended {
                self.handled(*appended, until).await?;
            }
        }
        let mut counts = Counts {
            redriven: sent.len() as u64,
            ..Counts::default()
        };
        for (partition_id, of_partition) in by_partition(sent) {
            let again = self.parked_again(partition_id, redrive).await?;
            for (stored, _) in of_partition {
                let copy = (stored.letter.key.clone(), stored.letter.value.clone());
                let count = if again.contains(&copy) {
                    &mut counts.parked_again
                } else {
                    match self.outcome(partition_id, stored).await? {
                        Some(Outcome::Accepted { .. }) => &mut counts.accepted,
                        Some(Outcome::Rejected { .. }) => &mut counts.rejected,
                        None => &mut counts.undecided,
                    }
                };
                *count += 1;
            }
        }
        Ok(counts)
    }

    /// Waits until the copy is handled, or the time is over.
    async fn handled(&self, appended: Appended, until: Instant) -> Result<(), Fault> {
        loop {
            let cursor = self.store.cursor(appended.partition_id).await?;
            let is_handled = cursor.is_some_and(|cursor| cursor.next_offset > appended.offset);
            if is_handled || Instant::now() >= until {
                return Ok(());
            }
            tokio::time::sleep(LOOK_PERIOD).await;
        }
    }

    /// Key and value of the letters that this redrive came to again.
    async fn parked_again(
        &self,
        partition_id: PartitionId,
        redrive: Uuid,
    ) -> Result<HashSet<Copy>, Fault> {
        let of_redrive = |stored: &StoredDeadLetter| redrive_of(&stored.letter) == Some(redrive);
        let again = self.redriver.parked(partition_id, &of_redrive).await?;
        let copies = again.into_iter().map(|stored| {
            let letter = stored.letter;
            (letter.key, letter.value)
        });
        Ok(copies.collect())
    }

    /// None where the record names no command that its sender is proven to have sent.
    async fn outcome(
        &self,
        partition_id: PartitionId,
        stored: &StoredDeadLetter,
    ) -> Result<Option<Outcome>, Fault> {
        let Some(id) = self.whose.command(stored) else {
            return Ok(None);
        };
        let rows = self.reader.outcomes(partition_id, &[id]).await?;
        Ok(rows.into_iter().next().map(|row| row.outcome))
    }
}

type Copy = (Option<bytes::Bytes>, Option<bytes::Bytes>);

/// Where the copies are: a letter from another partition goes to the one that its key belongs to.
fn by_partition(sent: &[Sent]) -> Vec<(PartitionId, Vec<&Sent>)> {
    let mut partitions: Vec<(PartitionId, Vec<&Sent>)> = Vec::new();
    for one in sent {
        let (stored, appended) = one;
        let here = appended.map_or(stored.partition_id, |appended| appended.partition_id);
        match partitions.iter_mut().find(|(known, _)| *known == here) {
            Some((_, of_partition)) => of_partition.push(one),
            None => partitions.push((here, vec![one])),
        }
    }
    partitions
}

/// Whether a letter was sent by a try before: it is not parked any more.
pub(crate) fn is_sent(stored: &StoredDeadLetter) -> bool {
    stored.state == DeadLetterState::Redriven
}
