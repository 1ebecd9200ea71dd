//! How much time each tenant's expensive questions have taken.

use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

/// Tenants remembered; a forgotten one has not asked for as long as so many others needed to.
const TENANTS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(9_999);
/// Of the time that passes, what comes back: one of so many parts.
const PART: u32 = 2;

/// What is left to each tenant. A question is paid for when it ends, since its cost is not known before:
/// a tenant in debt gets no further answer before the debt is gone.
pub(super) struct Budgets {
    allowance: Duration,
    spent: LruCache<Box<str>, Spent>,
}

/// So much had been spent and had not come back at that time.
#[derive(Clone, Copy)]
struct Spent {
    time: Duration,
    at: Instant,
}

impl Spent {
    fn by(self, now: Instant) -> Duration {
        let back = now.duration_since(self.at) / PART;
        self.time.saturating_sub(back)
    }
}

impl Budgets {
    pub(super) fn new(allowance: Duration) -> Self {
        Self {
            allowance,
            spent: LruCache::sparse(TENANTS_MAX),
        }
    }

    /// Whether the tenant may ask; else how long it will take until it may.
    pub(super) fn admit(&mut self, tenant: &str) -> Result<(), Duration> {
        let spent = self.spent_by(tenant, Instant::now());
        match spent.checked_sub(self.allowance) {
            Some(over) if !over.is_zero() => Err(over * PART),
            _ => Ok(()),
        }
    }

    pub(super) fn spend(&mut self, tenant: &str, took: Duration) {
        let at = Instant::now();
        let time = self.spent_by(tenant, at) + took;
        self.spent.put(tenant.into(), Spent { time, at });
    }

    fn spent_by(&mut self, tenant: &str, now: Instant) -> Duration {
        let spent = self.spent.get(tenant).copied();
        spent.map_or(Duration::ZERO, |spent| spent.by(now))
    }
}

#[cfg(test)]
mod tests {
    use super::{Budgets, Duration};

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn tenant_that_has_spent_its_allowance_waits_and_no_other() {
        let mut budgets = Budgets::new(s(10));
        budgets.spend("loud", s(10));
        assert_eq!(budgets.admit("loud"), Ok(()));
        budgets.spend("loud", s(3));
        assert_eq!(budgets.admit("loud"), Err(s(6)));
        assert_eq!(budgets.admit("quiet"), Ok(()));
        tokio::time::advance(s(5)).await;
        assert!(budgets.admit("loud").is_err());
        tokio::time::advance(s(1)).await;
        assert_eq!(budgets.admit("loud"), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn time_comes_back_up_to_the_allowance() {
        let mut budgets = Budgets::new(s(10));
        budgets.spend("demo", s(10));
        tokio::time::advance(s(1_000)).await;
        budgets.spend("demo", s(11));
        assert_eq!(budgets.admit("demo"), Err(s(2)));
    }
}
