//! The search: letters of a selection that a tenant sees, page by page.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::problem::Problem;
use kernel::code::platform;
use kernel::port::{DeadLetters, StoredDeadLetter};
use kernel::topic::PartitionId;
use kernel::{Fault, Tenant};
use operations::Place;
use pipeline::{ContextSlice, Known, Redriver, RehearsalPorts};
use resilience::{Deadline, Dependency};

use crate::selection::{By, Selection};
use crate::whose::Whose;

/// Letters read at once.
const PAGE: usize = 100;
/// Letters that one answer looks at.
const READ_MAX: usize = 20_000;
/// Bytes of values that one answer holds at once, the last letter's aside.
const FOUND_BYTES_MAX: usize = 16 << 20;
/// How long an answer may take.
pub(crate) const WAIT: Duration = Duration::from_secs(10);

/// What letters are looked after with.
pub struct LettersPorts {
    /// Keeps them, and sends them again.
    pub redriver: Redriver,
    /// Stands before every look at them.
    pub guard: Arc<Dependency>,
    /// Foresees what a redrive comes to.
    pub rehearsal: RehearsalPorts,
    /// Every context.
    pub contexts: Vec<ContextSlice>,
    /// Who sees them.
    pub whose: Whose,
}

/// The dead letters of the installation: they lie in its store, so every process answers for all.
pub struct Letters {
    pub(crate) ports: LettersPorts,
}

/// Some of the letters that were looked for.
pub(crate) struct Found {
    pub(crate) letters: Vec<Known>,
    /// Behind which the search goes on; none when there are no more.
    pub(crate) after: Option<At>,
}

/// A search, and how far it may go.
pub(crate) struct Wanted<'w> {
    pub(crate) tenant: &'w Tenant,
    pub(crate) selection: &'w Selection,
    /// Behind which it begins.
    pub(crate) after: Option<At>,
}

/// A context, by its number in the selection, and a place there.
pub(crate) type At = (usize, Place);

impl Letters {
    /// Over what these ports reach.
    #[must_use]
    pub fn new(ports: LettersPorts) -> Self {
        Self { ports }
    }

    pub(crate) fn names(&self) -> Vec<&'static str> {
        let contexts = self.ports.contexts.iter();
        contexts.map(|context| context.name).collect()
    }

    fn store(&self) -> &dyn DeadLetters {
        &*self.ports.redriver.letters
    }

    /// Asks the store behind its guard.
    pub(crate) async fn guarded<T, F>(&self, ask: impl FnOnce() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let asked = self.ports.guard.call_once(Deadline::within(WAIT), ask);
        asked.await.map_err(|error| {
            let detail = "dead letters cannot be read now";
            Problem::new(platform::DEPENDENCY_UNAVAILABLE, detail).because(error)
        })
    }

    /// The letter at a place, whatever its state; none where there is none.
    pub(crate) async fn at(
        &self,
        partition_id: PartitionId,
        offset: i64,
    ) -> Result<Option<StoredDeadLetter>, Fault> {
        let before = offset.checked_sub(1);
        let page = self.store().list(partition_id, before, 1).await?;
        Ok(page
            .into_iter()
            .find(|stored| stored.letter.offset == offset))
    }

    /// Some of the letters, as many as are wanted and as memory allows.
    pub(crate) async fn find(&self, wanted: &Wanted<'_>, max: usize) -> Result<Found, Fault> {
        let (mut letters, mut bytes) = (Vec::new(), 0);
        let visit = |known: Known| {
            bytes += known.stored.letter.value.as_ref().map_or(0, Bytes::len);
            letters.push(known);
            letters.len() < max && bytes < FOUND_BYTES_MAX
        };
        let after = self.walk(wanted, visit).await?;
        Ok(Found { letters, after })
    }

    /// Shows `visit` each letter that is wanted, in the order of contexts, partitions and offsets, until
    /// it has had enough. Returns behind which the walk would go on; none when there are no more.
    pub(crate) async fn walk(
        &self,
        wanted: &Wanted<'_>,
        mut visit: impl FnMut(Known) -> bool,
    ) -> Result<Option<At>, Fault> {
        if let By::Letter { partition, offset } = wanted.selection.by {
            self.walk_to(wanted, partition, offset, visit).await?;
            return Ok(None);
        }
        let mut read = 0;
        for (at, partition_id) in self.walked(wanted) {
            let (nth, begin) = at;
            let mut after = begin;
            loop {
                let behind = after.map(|place| place.offset);
                let page = self.store().list(partition_id, behind, PAGE).await?;
                if page.is_empty() {
                    break;
                }
                for stored in page {
                    let place = Place {
                        partition: partition_id.partition,
                        offset: stored.letter.offset,
                    };
                    (after, read) = (Some(place), read + 1);
                    let known = self.ports.whose.known(stored);
                    let is_theirs = self.ports.whose.sees(wanted.tenant, &known);
                    let is_wanted = is_theirs && wanted.selection.takes(&known);
                    if (is_wanted && !visit(known)) || read == READ_MAX {
                        return Ok(Some((nth, place)));
                    }
                }
            }
        }
        Ok(None)
    }

    /// As [`Self::walk`], to a single place.
    async fn walk_to(
        &self,
        wanted: &Wanted<'_>,
        partition: u16,
        offset: i64,
        mut visit: impl FnMut(Known) -> bool,
    ) -> Result<(), Fault> {
        if partition >= self.ports.rehearsal.partitions {
            return Ok(());
        }
        for context in &wanted.selection.contexts {
            let partition_id = PartitionId { context, partition };
            let found = self.at(partition_id, offset).await?;
            let known = found.map(|stored| self.ports.whose.known(stored));
            let is_wanted = |known: &Known| {
                self.ports.whose.sees(wanted.tenant, known) && wanted.selection.takes(known)
            };
            known.filter(is_wanted).map(&mut visit);
        }
        Ok(())
    }

    /// The partitions from the place on, and behind which letter each begins.
    fn walked(&self, wanted: &Wanted<'_>) -> Vec<((usize, Option<Place>), PartitionId)> {
        let (first, place) = wanted.after.unzip();
        let first = first.unwrap_or(0);
        let mut walked = Vec::new();
        for (nth, context) in wanted.selection.contexts.iter().enumerate().skip(first) {
            let resumed = place.filter(|_| nth == first);
            let from = resumed.map_or(0, |place| place.partition);
            for partition in from..self.ports.rehearsal.partitions {
                let begin = resumed.filter(|place| place.partition == partition);
                walked.push(((nth, begin), PartitionId { context, partition }));
            }
        }
        walked
    }
}
