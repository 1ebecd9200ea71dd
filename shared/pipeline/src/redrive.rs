//! Redrive: parked commands go to the command log again, under the same ids and in key order.
//!
//! A letter is marked after its copy is in the log: a crash between the two leaves it parked, and
//! redriving it again is harmless because the inbox recognises its id. The other order could lose it.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use kernel::Fault;
use kernel::id::Actor;
use kernel::port::{CommandLog, DeadLetterState, DeadLetters, Ids, NewRecord, StoredDeadLetter};
use kernel::topic::PartitionId;

use crate::handle::REDRIVE;

/// Letters read, and copies appended, at once.
const PAGE: usize = 500;

/// Headers with the people behind a redriven record; only for people to read.
const REDRIVEN_BY: &str = "redriven-by";
pub(crate) const APPROVED_BY: &str = "approved-by";

/// Looks after the dead letters.
#[derive(Clone)]
pub struct Redriver {
    /// Where letters are kept.
    pub letters: Arc<dyn DeadLetters>,
    /// Where they are sent again.
    pub command_log: Arc<dyn CommandLog>,
    /// Gives each redrive a name of its own.
    pub ids: Arc<dyn Ids>,
}

/// The people responsible for it.
#[derive(Clone, Debug)]
pub struct Responsible {
    /// Who does it.
    pub by: Actor,
    /// The second person, where one is needed.
    pub approved_by: Option<Actor>,
}

/// Why a letter is left where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// It has no key, or one that is not a text: it belongs to no partition.
    WithoutKey,
    /// It has no value: there is nothing to send.
    WithoutValue,
    /// It is no longer parked: another call has redriven or discarded it meanwhile.
    Settled,
}

impl Stays {
    /// The reason, as an operator reads it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WithoutKey => "it has no key to route it by, so it can only be discarded",
            Self::WithoutValue => "it has no value, so it can only be discarded",
            Self::Settled => "it was redriven or discarded by another call meanwhile",
        }
    }
}

impl Redriver {
    /// Parked letters of a partition that `wanted` selects, in offset order.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn parked(
        &self,
        partition_id: PartitionId,
        wanted: &(dyn Fn(&StoredDeadLetter) -> bool + Sync),
    ) -> Result<Vec<StoredDeadLetter>, Fault> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.letters.list(partition_id, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(found);
            };
            after = Some(last.letter.offset);
            let parked = |stored: &StoredDeadLetter| stored.state == DeadLetterState::Parked;
            found.extend(
                page.into_iter()
                    .filter(|stored| parked(stored) && wanted(stored)),
            );
        }
    }

    /// The first letter that would be overtaken: parked before one of `chosen`, of the same key, and
    /// not chosen itself.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn overtaken(
        &self,
        chosen: &[StoredDeadLetter],
    ) -> Result<Option<StoredDeadLetter>, Fault> {
        let place = |stored: &StoredDeadLetter| (stored.partition_id, stored.letter.offset);
        let places: HashSet<_> = chosen.iter().map(place).collect();
        let partition_ids: HashSet<PartitionId> =
            chosen.iter().map(|stored| stored.partition_id).collect();
        for partition_id in partition_ids {
            let before = |other: &StoredDeadLetter| {
                !places.contains(&place(other))
                    && chosen.iter().any(|stored| {
                        stored.partition_id == partition_id
                            && stored.letter.key == other.letter.key
                            && stored.letter.offset > other.letter.offset
                    })
            };
            if let Some(first) = self.parked(partition_id, &before).await?.into_iter().next() {
                return Ok(Some(first));
            }
        }
        Ok(None)
    }

    /// Appends a copy of each letter, then marks it. They must be in offset order per partition.
    /// Returns those that stay, and why.
    ///
    /// # Errors
    /// Log or store did not answer: some copies may be in the log; redriving again is harmless.
    pub async fn redrive(
        &self,
        letters: Vec<StoredDeadLetter>,
        responsible: &Responsible,
    ) -> Result<Vec<(StoredDeadLetter, Stays)>, Fault> {
        let redrive = Bytes::from(self.ids.random().to_string());
        let mut stay = Vec::new();
        let mut chunk = Vec::new();
        for stored in letters {
            match copy(&stored, &redrive, responsible) {
                Ok(record) => chunk.push((stored, record)),
                Err(stays) => stay.push((stored, stays)),
            }
            if chunk.len() == PAGE {
                stay.extend(self.send(std::mem::take(&mut chunk)).await?);
            }
        }
        stay.extend(self.send(chunk).await?);
        Ok(stay)
    }

    async fn send(
        &self,
        chunk: Vec<(StoredDeadLetter, NewRecord)>,
    ) -> Result<Vec<(StoredDeadLetter, Stays)>, Fault> {
        let (letters, records): (Vec<_>, Vec<_>) = chunk.into_iter().unzip();
        self.command_log.append(records).await?;
        let mut stay = Vec::new();
        for stored in letters {
            if !self.settle(&stored, DeadLetterState::Redriven).await? {
                stay.push((stored, Stays::Settled));
            }
        }
        Ok(stay)
    }

    /// Ends a parked letter without another try; false when it was not parked any more.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn discard(&self, stored: &StoredDeadLetter) -> Result<bool, Fault> {
        self.settle(stored, DeadLetterState::Discarded).await
    }

    async fn settle(&self, stored: &StoredDeadLetter, to: DeadLetterState) -> Result<bool, Fault> {
        let (partition_id, offset) = (stored.partition_id, stored.letter.offset);
        let from = DeadLetterState::Parked;
        self.letters.mark(partition_id, offset, from, to).await
    }
}

/// The record as it came: what was signed keeps its signature.
fn copy(
    stored: &StoredDeadLetter,
    redrive: &Bytes,
    responsible: &Responsible,
) -> Result<NewRecord, Stays> {
    let letter = &stored.letter;
    let key = letter.key.as_deref().filter(|key| !key.is_empty());
    let key = key.and_then(|key| std::str::from_utf8(key).ok());
    let key = key.ok_or(Stays::WithoutKey)?;
    let own = [REDRIVE, REDRIVEN_BY, APPROVED_BY];
    let came = letter.headers.iter();
    let mut headers: Vec<_> = came
        .filter(|(name, _)| !own.contains(&name.as_str()))
        .cloned()
        .collect();
    let text = |actor: &Actor| Bytes::from(actor.to_string());
    headers.push((REDRIVE.to_owned(), redrive.clone()));
    headers.push((REDRIVEN_BY.to_owned(), text(&responsible.by)));
    if let Some(approved_by) = &responsible.approved_by {
        headers.push((APPROVED_BY.to_owned(), text(approved_by)));
    }
    Ok(NewRecord {
        context: stored.partition_id.context,
        key: key.into(),
        value: letter.value.clone().ok_or(Stays::WithoutValue)?,
        headers,
    })
}
