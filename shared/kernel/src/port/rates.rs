//! Rates that several processes share.

use std::time::Duration;

use async_trait::async_trait;

use crate::code::Fault;

/// So many per second in the long run, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// 1 to 1,000,000.
    pub per_second: u32,
    /// 1 to 1,000,000: what may be taken at once after a rest.
    pub burst: u32,
}

/// What was to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// So many, one at least and never more than asked for.
    Granted(u32),
    /// Nothing; the next is to be had after this time.
    After(Duration),
}

/// Counts what is taken under names, by the generic cell rate algorithm: what was not taken adds up to
/// the burst and no further. Shared by all gateways of an installation; none of it is durable.
///
/// ```
/// use kernel::Fault;
/// use kernel::port::{Rate, Rates, Taken};
///
/// /// Whether a tenant may send another command.
/// async fn may_send(rates: &dyn Rates, tenant: &str) -> Result<bool, Fault> {
///     let rate = Rate { per_second: 100, burst: 200 };
///     let taken = rates.take(&format!("commands/{tenant}"), rate, 1).await?;
///     Ok(matches!(taken, Taken::Granted(_)))
/// }
/// ```
#[async_trait]
pub trait Rates: Send + Sync {
    /// Takes as many as there are under the name, `wanted` at most.
    ///
    /// # Errors
    /// They cannot be reached; some may have been taken.
    async fn take(&self, name: &str, rate: Rate, wanted: u32) -> Result<Taken, Fault>;
}
