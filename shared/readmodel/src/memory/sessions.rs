use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use kernel::code::Fault;
use kernel::port::{SessionKey, Sessions};
use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

/// Most sessions; beyond it those end that were not used for longest.
const SESSIONS_MAX: u64 = 100_000;

/// The sessions of one process, which end with it.
pub struct MemorySessions(Cache<SessionKey, Kept>);

#[derive(Clone)]
struct Kept {
    session: Arc<[u8]>,
    idle: Duration,
}

/// Each is kept for its own time from when it was last looked for.
struct Idle;

impl Expiry<SessionKey, Kept> for Idle {
    fn expire_after_create(&self, _: &SessionKey, kept: &Kept, _: Instant) -> Option<Duration> {
        Some(kept.idle)
    }

    fn expire_after_update(
        &self,
        _: &SessionKey,
        kept: &Kept,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(kept.idle)
    }
}

impl Default for MemorySessions {
    fn default() -> Self {
        let cache = Cache::builder().max_capacity(SESSIONS_MAX);
        let cache = cache.eviction_policy(EvictionPolicy::lru());
        Self(cache.expire_after(Idle).build())
    }
}

#[async_trait]
impl Sessions for MemorySessions {
    async fn open(&self, key: SessionKey, session: &[u8], idle: Duration) -> Result<(), Fault> {
        let session = session.into();
        self.0.insert(key, Kept { session, idle });
        Ok(())
    }

    async fn find(&self, key: SessionKey, idle: Duration) -> Result<Option<Vec<u8>>, Fault> {
        // One step, so that a session which ends meanwhile is not brought back.
        let kept = self.0.entry(key).and_compute_with(|kept| match kept {
            Some(kept) => {
                let session = kept.into_value().session;
                Op::Put(Kept { session, idle })
            }
            None => Op::Nop,
        });
        let found = kept.into_entry();
        Ok(found.map(|found| found.into_value().session.to_vec()))
    }

    async fn end(&self, key: SessionKey) -> Result<(), Fault> {
        self.0.invalidate(&key);
        Ok(())
    }
}
