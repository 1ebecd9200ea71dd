//! The permission to make one call, returned however the call ends.

use std::time::Duration;

use super::Breaker;
use crate::classify::Verdict;

/// Leave to make one call. Dropped unsettled (a cancelled future, a panic) it counts for nothing
/// and, when half open, lets another trial call start in its place.
#[derive(Debug)]
#[must_use = "an unused permit is a cancelled call"]
pub struct Permit<'breaker> {
    breaker: &'breaker Breaker,
    ticket: Ticket,
    ending: Ending,
}

/// What the machine remembers a call by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    /// Which life of the breaker let the call start: every change of state begins a new one.
    pub(super) generation: u64,
    pub(super) started: Duration,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Settled(Verdict),
    Cancelled,
}

impl<'breaker> Permit<'breaker> {
    pub(super) fn new(breaker: &'breaker Breaker, ticket: Ticket) -> Self {
        Self {
            breaker,
            ticket,
            ending: Ending::Cancelled,
        }
    }

    /// Restarts the call's time: waiting in a queue of our own is not the dependency's slowness.
    pub fn restart(&mut self) {
        self.ticket.started = self.breaker.now();
    }

    /// How long the call has run.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.breaker.now().saturating_sub(self.ticket.started)
    }

    /// Ends the call. Its duration runs from the acquisition, or the last restart, to here.
    pub fn settle(mut self, verdict: Verdict) {
        self.ending = Ending::Settled(verdict);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.breaker.finish(self.ticket, self.ending);
    }
}
