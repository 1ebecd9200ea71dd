//! Which keys must wait, because an earlier command of theirs is parked.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use kernel::Fault;
use kernel::port::{DeadLetterState, DeadLetters, Record};
use kernel::topic::PartitionId;
use lru::LruCache;
use tokio::time::Instant;

use super::decode::{REDRIVE, key_bytes};

/// A record of a blocked key has the store asked again, at most this often: letters may have been
/// redriven or discarded meanwhile.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// Redrives remembered, one per key; of a forgotten one the store is asked.
const REDRIVES_MAX: NonZeroUsize = NonZeroUsize::new(10_000).expect("is not zero");
/// Letters read at once.
const PAGE: usize = 256;

/// The blocked keys of one partition, for as long as it is owned.
pub(super) struct BlockedKeys {
    partition_id: PartitionId,
    letters: Arc<dyn DeadLetters>,
    /// With the number of the batch in which a command of the key was last parked by this owner, 0
    /// for none: until that is durable the store does not know of it.
    keys: HashMap<Bytes, u64>,
    redrives: LruCache<Bytes, Redrive>,
    asked_at: Instant,
}

/// The latest redrive of a key.
struct Redrive {
    id: Bytes,
    /// One of its own commands was parked again: those behind it are too.
    parked_again: bool,
}

impl Redrive {
    fn new(id: &[u8], parked_again: bool) -> Self {
        Self {
            id: Bytes::copy_from_slice(id),
            parked_again,
        }
    }
}

impl BlockedKeys {
    /// # Errors
    /// The store cannot be reached.
    pub(super) async fn load(
        partition_id: PartitionId,
        letters: Arc<dyn DeadLetters>,
    ) -> Result<Self, Fault> {
        let keys = letters.parked_keys(partition_id).await?;
        Ok(Self {
            partition_id,
            letters,
            keys: keys.into_iter().map(|key| (key, 0)).collect(),
            redrives: LruCache::new(REDRIVES_MAX),
            asked_at: Instant::now(),
        })
    }

    /// A record is parked in the batch of that number.
    pub(super) fn add(&mut self, record: &Record, batch: u64) {
        let key = key_bytes(record);
        if let Some(id) = record.header(REDRIVE) {
            let parked_again = Redrive::new(id, true);
            self.redrives.put(key.clone(), parked_again);
        }
        self.keys.insert(key, batch);
    }

    /// Whether a record may be handled. A redriven one passes the letters it came from, unless one
    /// before it in the same redrive was parked again. `durable` is the last batch on disk.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub(super) async fn passes(&mut self, record: &Record, durable: u64) -> Result<bool, Fault> {
        // Nothing is parked, nothing is redriven: nearly always.
        let redrive = record.header(REDRIVE);
        if redrive.is_none() && self.keys.is_empty() {
            return Ok(true);
        }
        let key = key_bytes(record);
        if let Some(id) = redrive {
            return self.redriven_passes(key, id, durable).await;
        }
        if self.keys.contains_key(&key) && self.asked_at.elapsed() >= ASK_AGAIN {
            self.ask_again(durable).await?;
        }
        Ok(!self.keys.contains_key(&key))
    }

    async fn redriven_passes(
        &mut self,
        key: Bytes,
        id: &Bytes,
        durable: u64,
    ) -> Result<bool, Fault> {
        if let Some(known) = self.redrives.get(&key)
            && known.id == *id
        {
            return Ok(!known.parked_again);
        }
        if self.keys.contains_key(&key) {
            self.ask_again(durable).await?;
        }
        // An owner before this one may have parked the redrive's first command.
        let parked_again = self.keys.contains_key(&key) && self.was_parked(&key, id).await?;
        self.redrives.put(key, Redrive::new(id, parked_again));
        Ok(!parked_again)
    }

    /// Frees the keys of which nothing is parked any more.
    async fn ask_again(&mut self, durable: u64) -> Result<(), Fault> {
        let parked: HashSet<Bytes> = self
            .letters
            .parked_keys(self.partition_id)
            .await?
            .into_iter()
            .collect();
        self.keys
            .retain(|key, batch| *batch > durable || parked.contains(key));
        self.asked_at = Instant::now();
        Ok(())
    }

    /// Whether the store has a parked command of the key from that redrive.
    async fn was_parked(&self, key: &Bytes, redrive: &Bytes) -> Result<bool, Fault> {
        let mut after = None;
        loop {
            let page = self.letters.list(self.partition_id, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(false);
            };
            after = Some(last.letter.offset);
            let parked = page.iter().any(|stored| {
                let headers = &stored.letter.headers;
                stored.state == DeadLetterState::Parked
                    && stored.letter.reason.blocks_key()
                    && stored.letter.key.as_ref() == Some(key)
                    && headers
                        .iter()
                        .any(|(name, id)| name == REDRIVE && id == redrive)
            });
            if parked {
                return Ok(true);
            }
        }
    }
}
