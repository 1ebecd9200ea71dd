//! The moment after which no caller waits for the answer.

use std::time::Duration;

use tokio::time::Instant;

/// When the caller stops waiting; passed down through every call made on its behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// For work that outlives its caller, such as a consumer; each attempt still has its timeout.
    pub const NONE: Self = Self(None);

    /// At that instant.
    #[must_use]
    pub fn at(instant: Instant) -> Self {
        Self(Some(instant))
    }

    /// `budget` from now; one too long to be represented is none.
    #[must_use]
    pub fn within(budget: Duration) -> Self {
        Self(Instant::now().checked_add(budget))
    }

    /// Whether the deadline is at `instant` or before it.
    pub(crate) fn is_reached_by(self, instant: Instant) -> bool {
        self.0.is_some_and(|deadline| deadline <= instant)
    }

    /// The earlier of the deadline and `instant`.
    pub(crate) fn clip(self, instant: Instant) -> Instant {
        self.0.map_or(instant, |deadline| deadline.min(instant))
    }
}
