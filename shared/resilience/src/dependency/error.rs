//! Why a guarded call gave no value, and whether it is worth another try.

use std::time::Duration;

use kernel::Fault;

use super::Name;
use crate::breaker::Refused;
use crate::bulkhead::Full;
use crate::classify::Classified;

/// Why a guarded call gave no value.
#[derive(Debug, thiserror::Error)]
pub enum CallError<E> {
    /// The breaker refused; it holds for how long.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Too many of our own calls were under way.
    #[error(transparent)]
    Full(#[from] Full),
    /// No answer in time. A write may have happened all the same.
    #[error("{name} did not answer within {limit:?}")]
    TimedOut {
        /// Whose guard.
        name: Name,
        /// The timeout of one try.
        limit: Duration,
    },
    /// The caller's deadline came first. A write may have happened all the same.
    #[error("the caller's deadline passed before {name} answered")]
    DeadlinePassed {
        /// Whose guard.
        name: Name,
    },
    /// The operation's own error: a failure, or an answer that is a no.
    #[error("call {name}")]
    Failed {
        /// Whose guard.
        name: Name,
        /// As the operation gave it.
        #[source]
        source: E,
    },
}

impl<E> CallError<E> {
    /// How long to stay away, when that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refused) => Some(refused.retry_after),
            _ => None,
        }
    }
}

impl<E: Classified> CallError<E> {
    /// A breaker that refuses and a full bulkhead ask for less traffic, and get it.
    pub(super) fn is_retriable(&self) -> bool {
        match self {
            Self::TimedOut { .. } => true,
            Self::Failed { source, .. } => source.is_retriable(),
            Self::Refused(_) | Self::Full(_) | Self::DeadlinePassed { .. } => false,
        }
    }
}

/// For adapters, whose ports return faults: the operation's own fault passes through as it is.
impl From<CallError<Self>> for Fault {
    fn from(error: CallError<Self>) -> Self {
        let name = match error {
            CallError::Failed { source, .. } => return source,
            CallError::Refused(Refused { name, .. })
            | CallError::Full(Full { name })
            | CallError::TimedOut { name, .. }
            | CallError::DeadlinePassed { name } => name,
        };
        Self::new(name.dependency, name.class, error)
    }
}
