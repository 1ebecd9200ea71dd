//! How many requests a tenant, and each of its principals, may send in a second.

mod held;
mod quota;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::auth::Principal;
use http::problem::Problem;
use kernel::Tenant;
use kernel::code::platform;
use kernel::port::{Rates, Taken};
use moka::sync::Cache;
use resilience::{Deadline, Dependency};

use held::Held;
use quota::Quota;
pub use quota::Quotas;

/// Names whose share is remembered; one that is forgotten takes a new share.
const NAMES_MAX: u64 = 100_000;
/// Longer than any share is good for.
const FORGET_AFTER: Duration = Duration::from_secs(30);

/// How long the shared count may take to answer.
const ASK_WAIT: Duration = Duration::from_millis(100);

/// What a request is to its sender's quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Command,
    Read,
}

impl Class {
    fn name(self) -> &'static str {
        match self {
            Self::Command => "commands",
            Self::Read => "reads",
        }
    }
}

/// Counts requests against quotas, in shares taken from what all gateways count together.
pub struct Limiter {
    /// Of a tenant that has none of its own.
    tenant: Quotas,
    tenants: HashMap<Tenant, Quotas>,
    principal: Quotas,
    rates: Arc<dyn Rates>,
    guard: Arc<Dependency>,
    /// Counts while the shared count is away.
    alone: Arc<dyn Rates>,
    held: Cache<Box<str>, Arc<Held>>,
}

/// What [`Limiter`] works with.
pub struct LimiterPorts {
    /// Shared by all gateways, and its guard.
    pub rates: Arc<dyn Rates>,
    pub guard: Arc<Dependency>,
    /// Of this process.
    pub alone: Arc<dyn Rates>,
}

impl Limiter {
    /// `tenants` have quotas of their own instead of `tenant`.
    #[must_use]
    pub fn new(
        ports: LimiterPorts,
        tenant: Quotas,
        tenants: HashMap<Tenant, Quotas>,
        principal: Quotas,
    ) -> Self {
        let held = Cache::builder().max_capacity(NAMES_MAX);
        Self {
            tenant,
            tenants,
            principal,
            rates: ports.rates,
            guard: ports.guard,
            alone: ports.alone,
            held: held.time_to_idle(FORGET_AFTER).build(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// The principal, or the tenant, has used up its quota: `OVERLOADED` with the wait.
    pub(crate) async fn admit(&self, principal: &Principal, class: Class) -> Result<(), Problem> {
        let (tenant, actor) = (&principal.tenant, &principal.actor);
        if let Some(quota) = self.principal.of(class) {
            let name = || format!("{}/{tenant}/{actor}", class.name());
            self.take(name, quota, "principal").await?;
        }
        let quotas = self.tenants.get(tenant).unwrap_or(&self.tenant);
        if let Some(quota) = quotas.of(class) {
            let name = || format!("{}/{tenant}", class.name());
            self.take(name, quota, "tenant").await?;
        }
        Ok(())
    }

    async fn take(
        &self,
        name: impl FnOnce() -> String,
        quota: Quota,
        whose: &'static str,
    ) -> Result<(), Problem> {
        let name = name();
        let held = self.held.get(name.as_str());
        let held = held.unwrap_or_else(|| self.held.get_with(name.as_str().into(), Arc::default));
        let taken = held.take(self, &name, quota).await;
        taken.map_err(|wait| used_up(whose, quota, wait))
    }
}

impl Limiter {
    /// Takes a share from what all gateways count, or, while that is away, from what this one does.
    async fn ask(&self, name: &str, quota: Quota) -> Taken {
        let (rate, share) = (quota.rate(), quota.share());
        let shared = || self.rates.take(name, rate, share);
        if let Ok(taken) = self.guard.call(Deadline::within(ASK_WAIT), shared).await {
            return taken;
        }
        let alone = self.alone.take(name, rate, share).await;
        // What is in memory is always reached.
        alone.unwrap_or(Taken::Granted(1))
    }
}

/// As the IETF's draft of rate limit headers says it: the quota, and what is left of it.
fn used_up(whose: &'static str, quota: Quota, wait: Duration) -> Problem {
    let seconds = u32::try_from(wait.as_secs())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let detail = format!(
        "the {whose} may send {} of these per second",
        quota.per_second()
    );
    Problem::new(platform::OVERLOADED, detail)
        .retry_after(seconds)
        .limited(
            format!("\"{whose}\";q={};w=1", quota.per_second()),
            format!("\"{whose}\";r=0;t={seconds}"),
        )
}
