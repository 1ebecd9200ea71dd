//! What an error proves about the dependency that returned it.

use std::convert::Infallible;
use std::error::Error;

use kernel::Fault;
use kernel::port::CommitError;

/// How a breaker counts the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The dependency answered, though the answer may be a no: not found, a unique violation, 4xx.
    Success,
    /// The dependency failed: connection, protocol, 5xx, our timeout.
    Failure,
    /// Nothing was learnt: a local pool was full, the caller went away.
    Ignored,
}

/// An error with a [`Verdict`]. Adapters implement it on their own error types.
pub trait Classified: Error + 'static {
    /// What the breaker is to make of the error.
    fn verdict(&self) -> Verdict;

    /// Whether the very same call may be made again at once. An error that leaves the outcome
    /// unknown is not retriable unless the call is idempotent.
    fn is_retriable(&self) -> bool {
        self.verdict() == Verdict::Failure
    }
}

impl Classified for Fault {
    /// A dependency that refuses a damaged row has answered: it will do so again, and is healthy for
    /// all callers that ask for another.
    fn verdict(&self) -> Verdict {
        match self.damage() {
            Some(_) => Verdict::Success,
            None => Verdict::Failure,
        }
    }
}

impl Classified for CommitError {
    fn verdict(&self) -> Verdict {
        Verdict::Failure
    }

    /// An unknown outcome is settled by reading the cursor, never by sending the batch again.
    fn is_retriable(&self) -> bool {
        matches!(self, Self::NotMade(_))
    }
}

impl Classified for Infallible {
    fn verdict(&self) -> Verdict {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use kernel::Fault;
    use kernel::checksum::Damaged;

    use super::{Classified, Verdict};

    #[test]
    fn damaged_row_says_nothing_against_its_store_and_is_not_asked_for_again() {
        let damaged = Damaged::new("event trades/3 position 17", "its checksum does not fit");
        let refused = Fault::new("postgres", "load", damaged);
        assert_eq!(refused.verdict(), Verdict::Success);
        assert!(!refused.is_retriable());
        let away = Fault::bare("postgres", "load");
        assert_eq!(away.verdict(), Verdict::Failure);
        assert!(away.is_retriable());
    }
}
