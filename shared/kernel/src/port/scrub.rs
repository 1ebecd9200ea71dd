//! A check of everything that is stored, whether or not it is ever read.

use async_trait::async_trait;

use crate::checksum::{Damaged, Mark};
use crate::code::Fault;
use crate::topic::PartitionId;

/// Damaged rows that are named one by one; all are counted.
const NAMED_MAX: usize = 1_000;

/// What a look at rows has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Rows that are what was written.
    pub proven: u64,
    /// Rows older than checksums.
    pub unproven: u64,
    /// Rows that are not what was written; the first thousand.
    pub named: Vec<Damaged>,
    /// Rows that are not what was written, whether or not they are named.
    pub damaged: u64,
}

impl Scrubbed {
    /// Counts a row that is not what was written.
    pub fn damaged(&mut self, damaged: Damaged) {
        self.damaged += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(damaged);
        }
    }

    /// Counts a row by whether it is what was written.
    pub fn row(&mut self, is_proven: Result<bool, Damaged>) {
        match is_proven {
            Ok(true) => self.proven += 1,
            Ok(false) => self.unproven += 1,
            Err(damaged) => self.damaged(damaged),
        }
    }

    /// Counts what another look has found.
    pub fn add(&mut self, other: Self) {
        self.proven += other.proven;
        self.unproven += other.unproven;
        self.damaged += other.damaged;
        let room = NAMED_MAX.saturating_sub(self.named.len());
        self.named.extend(other.named.into_iter().take(room));
    }
}

/// The auditor's side of a store. Nothing that serves depends on it.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::Scrub;
///
/// /// Whether every row of the store is what was written.
/// async fn is_whole(scrub: &dyn Scrub, contexts: &[&'static str]) -> Result<bool, Fault> {
///     let structure = scrub.structure().await?;
///     let rows = scrub.rows(contexts, 12).await?;
///     Ok(structure.is_empty() && rows.damaged == 0)
/// }
/// ```
#[async_trait]
pub trait Scrub: Send + Sync {
    /// What is wrong with the store itself, whatever its rows hold. Nothing where another program
    /// checks that.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn structure(&self) -> Result<Vec<Damaged>, Fault>;

    /// Looks at every row but those of events: a reader of all of them in order checks their checksums.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn rows(&self, contexts: &[&'static str], partitions: u16) -> Result<Scrubbed, Fault>;

    /// Up to `max` marks of the partition's chain after a log position, in log position order.
    ///
    /// # Errors
    /// The store cannot be reached.
    async fn marks(
        &self,
        partition_id: PartitionId,
        after: u64,
        max: usize,
    ) -> Result<Vec<Mark>, Fault>;
}
