//! What is called beyond the platform.

use std::time::Duration;

use async_trait::async_trait;

use crate::code::Fault;
use crate::effect::{Answer, Call, IdempotencyKey};

/// Why a call has no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The outside cannot be reached, is too busy, or did not say what became of the call; the same
    /// call may succeed later.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It answered in a way that cannot be used, and would do so again.
    #[error("the answer cannot be used: {0}")]
    Unusable(String),
}

/// One dependency outside, such as a mail service.
///
/// It drops a call that it has seen under the same key, and answers as it did then: that is what makes
/// a repeat harmless. What cannot do that must not be called.
#[async_trait]
pub trait Outside: Send + Sync {
    /// Makes the call once, and waits for its answer, at most so long. Dropping it leaves open what
    /// became of the call, as a timeout does.
    ///
    /// # Errors
    /// [`NoAnswer`]; the call may have been done all the same.
    async fn perform(
        &self,
        call: &Call,
        key: IdempotencyKey,
        within: Duration,
    ) -> Result<Answer, NoAnswer>;
}
