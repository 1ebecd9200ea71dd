//! An open conversation, as far as its next fact depends on the past.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::QueueCause;
use super::ledger::{Closed, Ledger, Origin};
use crate::cell::Cell;
use crate::interval::micros_between;
use crate::label::AgentId;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Open {
    /// Of the last event folded: one that comes again is not counted again.
    pub(crate) sequence: u64,
    pub(crate) channel: u32,
    pub(crate) contact: u32,
    /// When the episode began to wait for an agent; nothing is counted before, as in a bot.
    pub(super) began_at: Option<Timestamp>,
    /// The latest stay in a queue.
    pub(crate) origin: Option<Origin>,
    pub(crate) stage: Stage,
    /// Who has it, or had it last.
    pub(super) agents: Vec<AgentId>,
    /// An agent has written in this episode.
    pub(super) has_responded: bool,
    /// The earliest message of the customer that no agent has answered.
    pub(super) unanswered_since: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// No wait and no work: not yet queued, or on the way to another queue.
    Between,
    Waiting(Waiting),
    Handling(Handling),
    WrapUp(Handling),
    /// Set aside by an agent.
    Parked,
    /// The customer will be called.
    Callback,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Waiting {
    #[serde(with = "super::event::cause_number")]
    pub(super) cause: QueueCause,
    /// A customer who asked to be called has been counted by that, and waits on out of the figures.
    pub(crate) is_counted: bool,
    pub(crate) live_offers: u32,
    /// Milliseconds of waiting within which an answer was promised.
    pub(super) promised_ms: Option<u64>,
    /// The agent made the live offer to themselves: it does not count for acceptance.
    pub(super) is_taken: bool,
}

/// One agent's time with the conversation, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Handling {
    pub(super) since: Timestamp,
    pub(super) is_held: bool,
    pub(super) talk: u64,
    pub(super) hold: u64,
}

/// The fate of a conversation that has ended.
pub(crate) enum Fate {
    Closed(Closed),
    /// It was never in a queue.
    Forgotten,
}

impl Open {
    pub(crate) fn new(sequence: u64, channel: u32, contact: u32) -> Self {
        Self {
            sequence,
            channel,
            contact,
            began_at: None,
            origin: None,
            stage: Stage::Between,
            agents: Vec::new(),
            has_responded: false,
            unanswered_since: None,
        }
    }

    /// The next episode of what was closed.
    pub(crate) fn again(sequence: u64, closed: &Closed) -> Self {
        Self::new(sequence, closed.origin.channel, closed.contact)
    }

    /// Whether it waited. If so, the stay in the queue is over; `outcome` is entered unless it was
    /// counted before.
    pub(super) fn leave(
        &mut self,
        ledger: &mut Ledger,
        at: Timestamp,
        outcome: impl Fn(&mut Cell, u64),
    ) -> bool {
        let (Stage::Waiting(waiting), Some(origin)) = (self.stage, self.origin) else {
            return false;
        };
        self.stage = Stage::Between;
        if !waiting.is_counted {
            return true;
        }
        let wait_ms = at.millis_since(origin.enqueued_at);
        ledger.enter(origin, at, |cell| outcome(cell, wait_ms));
        *ledger.closed(origin, at).queued.of(waiting.cause) += 1;
        if waiting.promised_ms.is_some() {
            ledger.enter(origin, at, |cell| {
                cell.promised += 1;
                cell.overdue += u64::from(waiting.is_overdue(wait_ms));
            });
        }
        if at < origin.enqueued_at {
            ledger.enter(origin, at, |cell| cell.clock_anomalies += 1);
        }
        true
    }

    /// Whether an agent had it. If so, the agent has done with it.
    pub(super) fn finish(&mut self, ledger: &mut Ledger, at: Timestamp) -> bool {
        let (handling, wrap_up) = match self.stage {
            Stage::Handling(handling) => (handling.passed(at), 0),
            Stage::WrapUp(handling) => (handling, micros_between(handling.since, at)),
            Stage::Between | Stage::Waiting(_) | Stage::Parked | Stage::Callback => return false,
        };
        self.stage = Stage::Between;
        if let Some(origin) = self.origin {
            ledger.enter(origin, at, |cell| {
                cell.handled += 1;
                cell.talk += handling.talk;
                cell.hold += handling.hold;
                cell.wrap_up += wrap_up;
            });
        }
        true
    }

    /// A customer who still waits leaves unanswered, and an agent who still works is done.
    pub(super) fn close(&mut self, ledger: &mut Ledger, at: Timestamp) -> Fate {
        self.leave(ledger, at, |cell, wait_ms| cell.withdrawn.push(wait_ms));
        self.finish(ledger, at);
        let Some(origin) = self.origin else {
            return Fate::Forgotten;
        };
        ledger.enter(origin, at, |cell| cell.closed += 1);
        Fate::Closed(Closed {
            sequence: self.sequence,
            contact: self.contact,
            origin,
            at,
        })
    }
}

impl Waiting {
    pub(crate) fn is_overdue(&self, wait_ms: u64) -> bool {
        self.promised_ms.is_some_and(|promised| wait_ms > promised)
    }
}

impl Handling {
    pub(super) fn new(since: Timestamp) -> Self {
        Self {
            since,
            is_held: false,
            talk: 0,
            hold: 0,
        }
    }

    /// With the time until `at` added to what was running.
    pub(super) fn passed(mut self, at: Timestamp) -> Self {
        let micros = micros_between(self.since, at);
        if self.is_held {
            self.hold += micros;
        } else {
            self.talk += micros;
        }
        self.since = at;
        self
    }
}
