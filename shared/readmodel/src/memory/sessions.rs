use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use kernel::code::Fault;
use kernel::port::{SessionKey, Sessions};
use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

/// Most sessions; beyond it those end that were not used for longest. Of claims as many.
const SESSIONS_MAX: u64 = 100_000;

/// The sessions of one process, which end with it.
pub struct MemorySessions {
    sessions: Cache<SessionKey, Kept>,
    /// Apart, so that no sign-in pushes a session out.
    claims: Cache<SessionKey, Duration>,
}

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

/// A claim ends by itself, whoever asks for it meanwhile.
impl Expiry<SessionKey, Duration> for Idle {
    fn expire_after_create(&self, _: &SessionKey, keep: &Duration, _: Instant) -> Option<Duration> {
        Some(*keep)
    }
}

impl Default for MemorySessions {
    fn default() -> Self {
        let sessions = Cache::builder().max_capacity(SESSIONS_MAX);
        let sessions = sessions.eviction_policy(EvictionPolicy::lru());
        let claims = Cache::builder().max_capacity(SESSIONS_MAX);
        let claims = claims.eviction_policy(EvictionPolicy::lru());
        Self {
            sessions: sessions.expire_after(Idle).build(),
            claims: claims.expire_after(Idle).build(),
        }
    }
}

#[async_trait]
impl Sessions for MemorySessions {
    async fn open(&self, key: SessionKey, session: &[u8], idle: Duration) -> Result<(), Fault> {
        let session = session.into();
        self.sessions.insert(key, Kept { session, idle });
        Ok(())
    }

    async fn find(&self, key: SessionKey, idle: Duration) -> Result<Option<Vec<u8>>, Fault> {
        // One step, so that a session which ends meanwhile is not brought back.
        let kept = self
            .sessions
            .entry(key)
            .and_compute_with(|kept| match kept {
                Some(kept) => {
                    let session = kept.into_value().session;
                    Op::Put(Kept { session, idle })
                }
                None => Op::Nop,
            });
        let found = kept.into_entry();
        Ok(found.map(|found| found.into_value().session.to_vec()))
    }

    async fn peek(&self, key: SessionKey) -> Result<Option<Vec<u8>>, Fault> {
        let kept = self.sessions.get(&key);
        Ok(kept.map(|kept| kept.session.to_vec()))
    }

    async fn claim(&self, key: SessionKey, keep: Duration) -> Result<bool, Fault> {
        let claimed = self.claims.entry(key).or_insert(keep);
        Ok(claimed.is_fresh())
    }

    async fn end(&self, key: SessionKey) -> Result<(), Fault> {
        self.sessions.invalidate(&key);
        Ok(())
    }
}
