//! Callers' keys: each stands for one request of its tenant, whatever that is for.

use http::problem::Problem;
use kernel::code::platform;
use kernel::id::{CommandKey, Tenant};
use kernel::port::RequestDigest;
use resilience::Deadline;

use crate::gateway::Gateway;

/// How long the look for an earlier use of a key may take.
const BIND_WAIT: std::time::Duration = std::time::Duration::from_millis(250);

/// Whether a key is known to stand for the request at hand.
pub(crate) enum Scope {
    Bound,
    /// The bindings cannot be asked.
    Unknown,
}

impl Gateway {
    /// # Errors
    /// The key stands for another request.
    pub(crate) async fn bind(
        &self,
        tenant: &Tenant,
        key: &CommandKey,
        request: RequestDigest,
    ) -> Result<Scope, Problem> {
        let bind = || self.bindings.bind(tenant, key, request);
        let guard = &self.bindings_guard;
        match guard.call(Deadline::within(BIND_WAIT), bind).await {
            Ok(bound) if bound == request => Ok(Scope::Bound),
            Ok(_) => Err(reused()),
            Err(error) => {
                tracing::debug!(%error, "a key cannot be bound");
                Ok(Scope::Unknown)
            }
        }
    }
}

pub(crate) fn reused() -> Problem {
    let detail = "the idempotency key was used before for another request";
    Problem::new(platform::COMMAND_ID_REUSED, detail)
}
