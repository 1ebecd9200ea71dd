//! When and by whom a decision is made.

use kernel::{Accepted, Actor, Timestamp};

use super::command::ConversationCommand;

/// The facts of a command's acceptance, on the conversation's own clock.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    /// Never before an event that already happened.
    pub(crate) at: Timestamp,
    /// What the accepting clock showed.
    accepted_at: Timestamp,
    pub(crate) by: &'a Actor,
}

/// How long a customer waited.
pub(crate) struct Wait {
    /// Milliseconds.
    pub(crate) ms: u64,
    /// By the clocks it ended before it began.
    pub(crate) clock_anomaly: bool,
}

impl<'a> Moment<'a> {
    pub(crate) fn new(accepted: &'a Accepted<ConversationCommand>, clock: Timestamp) -> Self {
        Self {
            at: accepted.at.max(clock),
            accepted_at: accepted.at,
            by: &accepted.actor,
        }
    }

    pub(crate) fn after_ms(&self, ms: i64) -> Timestamp {
        self.at.plus_millis(ms)
    }

    /// Durations are of the accepting clock alone: a negative one is 0 and marked as an anomaly.
    pub(crate) fn wait_since(&self, start: Timestamp) -> Wait {
        Wait {
            ms: self.accepted_at.millis_since(start),
            clock_anomaly: self.accepted_at < start,
        }
    }
}
