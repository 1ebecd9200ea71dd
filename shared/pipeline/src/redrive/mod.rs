//! Redrive: parked commands go to the command log again, under the same ids and in key order.
//!
//! A letter is marked after its copy is in the log: a crash between the two leaves it parked, and
//! redriving it again is harmless because the inbox recognises its id. The other order could lose it.

mod traits;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use kernel::Fault;
use kernel::batch::DeadLetter;
use kernel::id::Actor;
use kernel::port::{
    Appended, CommandLog, DeadLetterState, DeadLetters, Ids, NewRecord, StoredDeadLetter,
};
use kernel::topic::PartitionId;
use uuid::Uuid;

use crate::handle::REDRIVE;

pub(crate) use traits::record;
pub use traits::{Fingerprint, Known, NoFingerprint, Reading, Traits};

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

/// What became of letters that were to be redriven.
#[derive(Clone, Debug, Default)]
pub struct Redriven {
    /// Those that are in the log again, and where.
    pub sent: Vec<(StoredDeadLetter, Appended)>,
    /// Those that are left where they are, and why.
    pub stay: Vec<(StoredDeadLetter, Stays)>,
}

/// Where a letter is, and the letter that has to be dealt with before it.
pub type BarredLetters = HashMap<(PartitionId, i64), StoredDeadLetter>;

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
    /// An earlier letter of its key is parked, and would be overtaken.
    Behind,
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
            Self::Behind => {
                "an earlier letter of its key is parked: redrive the key, or discard that one first"
            }
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

    /// Those of `chosen` that would overtake another: one that is parked before them, of the same key,
    /// and not chosen itself.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn barred(&self, chosen: &[StoredDeadLetter]) -> Result<BarredLetters, Fault> {
        let places: HashSet<_> = chosen.iter().map(place).collect();
        let partition_ids: HashSet<PartitionId> =
            chosen.iter().map(|stored| stored.partition_id).collect();
        let mut barred = BarredLetters::new();
        for partition_id in partition_ids {
            let chosen = chosen.iter();
            let chosen: Vec<_> = chosen
                .filter(|stored| stored.partition_id == partition_id)
                .collect();
            let keys: HashSet<_> = chosen.iter().map(|stored| &stored.letter.key).collect();
            let other = |other: &StoredDeadLetter| {
                keys.contains(&other.letter.key) && !places.contains(&place(other))
            };
            let others = self.parked(partition_id, &other).await?;
            for stored in chosen {
                let mut others = others.iter();
                let before = others.find(|other| {
                    other.letter.key == stored.letter.key
                        && other.letter.offset < stored.letter.offset
                });
                if let Some(before) = before {
                    barred.insert(place(stored), before.clone());
                }
            }
        }
        Ok(barred)
    }

    /// Appends a copy of each letter, then marks it. They must be in offset order per partition.
    ///
    /// # Errors
    /// Log or store did not answer: some copies may be in the log; redriving again is harmless.
    pub async fn redrive(
        &self,
        letters: Vec<StoredDeadLetter>,
        responsible: &Responsible,
    ) -> Result<Redriven, Fault> {
        self.redrive_as(self.ids.random(), letters, responsible)
            .await
    }

    /// As [`Self::redrive`], as a part of the redrive of that name: of one redrive, a command that is
    /// parked again holds up those of its key behind it.
    ///
    /// # Errors
    /// As [`Self::redrive`].
    pub async fn redrive_as(
        &self,
        redrive: Uuid,
        letters: Vec<StoredDeadLetter>,
        responsible: &Responsible,
    ) -> Result<Redriven, Fault> {
        let redrive = Bytes::from(redrive.to_string());
        let mut redriven = Redriven::default();
        let mut chunk = Vec::new();
        for stored in letters {
            match copy(&stored, &redrive, responsible) {
                Ok(record) => chunk.push((stored, record)),
                Err(stays) => redriven.stay.push((stored, stays)),
            }
            if chunk.len() == PAGE {
                let chunk = std::mem::take(&mut chunk);
                self.send(chunk, &mut redriven).await?;
            }
        }
        self.send(chunk, &mut redriven).await?;
        Ok(redriven)
    }

    async fn send(
        &self,
        chunk: Vec<(StoredDeadLetter, NewRecord)>,
        redriven: &mut Redriven,
    ) -> Result<(), Fault> {
        let (letters, records): (Vec<_>, Vec<_>) = chunk.into_iter().unzip();
        let appended = self.command_log.append(records).await?;
        for (stored, appended) in letters.into_iter().zip(appended) {
            if self.settle(&stored, DeadLetterState::Redriven).await? {
                redriven.sent.push((stored, appended));
            } else {
                redriven.stay.push((stored, Stays::Settled));
            }
        }
        Ok(())
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

fn place(stored: &StoredDeadLetter) -> (PartitionId, i64) {
    (stored.partition_id, stored.letter.offset)
}

/// The name of the redrive that sent the letter, if it was parked again.
#[must_use]
pub fn redrive_of(letter: &DeadLetter) -> Option<Uuid> {
    let mut headers = letter.headers.iter();
    let (_, id) = headers.find(|(name, _)| name == REDRIVE)?;
    Uuid::try_parse_ascii(id).ok()
}

/// The record as it came: what was signed keeps its signature.
fn copy(
    stored: &StoredDeadLetter,
    redrive: &Bytes,
    responsible: &Responsible,
) -> Result<NewRecord, Stays> {
    let letter = &stored.letter;
    let (key, value) = sendable(letter)?;
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
        value: value.clone(),
        headers,
    })
}

/// Whether there is anything to send, and anywhere to send it.
///
/// # Errors
/// Why it stays.
pub(crate) fn could_be_sent(letter: &DeadLetter) -> Result<(), Stays> {
    sendable(letter).map(drop)
}

fn sendable(letter: &DeadLetter) -> Result<(&str, &Bytes), Stays> {
    let key = letter.key.as_deref().filter(|key| !key.is_empty());
    let key = key.and_then(|key| std::str::from_utf8(key).ok());
    let key = key.ok_or(Stays::WithoutKey)?;
    let value = letter.value.as_ref().ok_or(Stays::WithoutValue)?;
    Ok((key, value))
}
