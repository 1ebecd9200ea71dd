//! The request that a caller's key is bound to, over all contexts, aggregates and partitions.
//!
//! The inbox of a partition holds the commands of its own aggregates only. A key that was used for
//! another one is found here.

use std::time::Duration;

use async_trait::async_trait;

use crate::code::Fault;
use crate::id::{CommandKey, Tenant};

/// How long a key stays bound to its request, at least.
pub const KEY_BOUND_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Distinguishes requests: a hash over context, aggregate, command and expected version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestDigest(pub u128);

/// Binds each key to the first request that names it.
///
/// ```
/// use kernel::port::{KeyBindings, RequestDigest};
/// use kernel::{CommandKey, Fault, Tenant};
///
/// /// Whether the key stands for this request and no other. Asked before the command is appended.
/// async fn is_free_for(
///     bindings: &dyn KeyBindings,
///     tenant: &Tenant,
///     key: &CommandKey,
///     request: RequestDigest,
/// ) -> Result<bool, Fault> {
///     Ok(bindings.bind(tenant, key, request).await? == request)
/// }
/// ```
#[async_trait]
pub trait KeyBindings: Send + Sync {
    /// Binds the tenant's key to `request` if it is not bound, and gives the request that it is bound
    /// to. A binding that was given lasts as long as whatever is appended to the command log after.
    ///
    /// # Errors
    /// The bindings cannot be reached; nothing is known of the key.
    async fn bind(
        &self,
        tenant: &Tenant,
        key: &CommandKey,
        request: RequestDigest,
    ) -> Result<RequestDigest, Fault>;
}
