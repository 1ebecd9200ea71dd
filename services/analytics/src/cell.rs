//! What is counted in one interval of one queue and channel. Only sums and lists that can be added
//! in any order: ratios are for the report.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::calendar::BusinessHours;
use crate::conversation::QueueCause;
use crate::interval::{interval_of, micros_between};
use crate::pairs::is_default;

/// Orders by time first, so that a window is a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) interval: i64,
    pub(crate) queue: u32,
    pub(crate) channel: u32,
}

impl Key {
    pub(crate) fn new(at: Timestamp, queue: u32, channel: u32) -> Self {
        Self {
            interval: interval_of(at),
            queue,
            channel,
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Cell {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) queued: Queued,
    /// Left for another queue, still unanswered.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) moved: u64,
    /// How long each waited, in milliseconds, by how the wait ended.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) answered: Vec<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) abandoned: Vec<Abandon>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) callbacks: Vec<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) withdrawn: Vec<u64>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) callbacks_answered: u64,
    /// Waits that ended under a promise, and those of them that were longer.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) promised: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) overdue: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) offers: Offers,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) handled: u64,
    /// Microseconds, as are the two that follow.
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) talk: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) hold: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) wrap_up: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) transferred: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) closed: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) reopened: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) resolved: Vec<Resolution>,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) first_responses: Responses,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) next_responses: Responses,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) clock_anomalies: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Abandon {
    pub(crate) wait_ms: u64,
    /// As the event has it.
    pub(crate) short: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Resolution {
    pub(crate) at: Timestamp,
    /// Number of the customer and what they wanted.
    pub(crate) contact: u32,
}

/// Summed for all; single values for a caller who asks by business hours.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Responses {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) all: Tally,
    #[serde(skip_serializing_if = "is_default")]
    each: Vec<Response>,
}

/// A count and the sum of what was counted, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tally {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) count: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) micros: u64,
}

/// What an agent answered, and since when it was to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Response {
    since: Timestamp,
    at: Timestamp,
}

/// Conversations that came to wait, by why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Queued {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) enqueued: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) handed_off: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) unparked: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) transferred: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) agent_offline: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) force_requeued: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) reopened: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) overflowed: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) other: u64,
}

/// Offers to agents, by their outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Offers {
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) accepted: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) rejected: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) expired: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) rescinded: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) cancelled: u64,
    #[serde(skip_serializing_if = "is_default")]
    pub(crate) failed: u64,
}

impl Responses {
    pub(crate) fn enter(&mut self, since: Timestamp, at: Timestamp) {
        self.all.count(micros_between(since, at));
        self.each.push(Response { since, at });
    }

    pub(crate) fn by(&self, hours: &BusinessHours) -> Tally {
        let mut tally = Tally::default();
        for response in &self.each {
            tally.count(hours.micros(response.since, response.at));
        }
        tally
    }
}

impl Tally {
    fn count(&mut self, micros: u64) {
        self.add(Self { count: 1, micros });
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.count += other.count;
        self.micros += other.micros;
    }
}

impl Cell {
    /// Everything but each single response: a report copies none.
    pub(crate) fn add(&mut self, other: &Self) {
        self.queued.add(&other.queued);
        self.moved += other.moved;
        self.answered.extend_from_slice(&other.answered);
        self.abandoned.extend_from_slice(&other.abandoned);
        self.callbacks.extend_from_slice(&other.callbacks);
        self.withdrawn.extend_from_slice(&other.withdrawn);
        self.callbacks_answered += other.callbacks_answered;
        self.promised += other.promised;
        self.overdue += other.overdue;
        self.offers.add(&other.offers);
        self.handled += other.handled;
        self.talk += other.talk;
        self.hold += other.hold;
        self.wrap_up += other.wrap_up;
        self.transferred += other.transferred;
        self.closed += other.closed;
        self.reopened += other.reopened;
        self.resolved.extend_from_slice(&other.resolved);
        self.first_responses.all.add(other.first_responses.all);
        self.next_responses.all.add(other.next_responses.all);
        self.clock_anomalies += other.clock_anomalies;
    }
}

impl Cell {
    /// The same with its lists in order, and with `number` for each contact.
    pub(crate) fn in_order(&self, number: impl Fn(u32) -> u32) -> Self {
        let mut cell = self.clone();
        for waits in [&mut cell.answered, &mut cell.callbacks, &mut cell.withdrawn] {
            waits.sort_unstable();
        }
        cell.abandoned.sort_unstable();
        for resolution in &mut cell.resolved {
            resolution.contact = number(resolution.contact);
        }
        cell.resolved.sort_unstable();
        cell.first_responses.each.sort_unstable();
        cell.next_responses.each.sort_unstable();
        cell
    }
}

impl Queued {
    pub(crate) fn of(&mut self, cause: QueueCause) -> &mut u64 {
        match cause {
            QueueCause::Enqueued => &mut self.enqueued,
            QueueCause::HandedOff => &mut self.handed_off,
            QueueCause::Unparked => &mut self.unparked,
            QueueCause::Transferred => &mut self.transferred,
            QueueCause::AgentOffline => &mut self.agent_offline,
            QueueCause::ForceRequeued => &mut self.force_requeued,
            QueueCause::Reopened => &mut self.reopened,
            QueueCause::Overflowed => &mut self.overflowed,
            QueueCause::Other => &mut self.other,
        }
    }

    pub(crate) fn total(&self) -> u64 {
        let began = self.enqueued + self.handed_off + self.reopened;
        let again = self.unparked + self.transferred + self.agent_offline + self.force_requeued;
        began + again + self.overflowed + self.other
    }

    fn add(&mut self, other: &Self) {
        self.enqueued += other.enqueued;
        self.handed_off += other.handed_off;
        self.unparked += other.unparked;
        self.transferred += other.transferred;
        self.agent_offline += other.agent_offline;
        self.force_requeued += other.force_requeued;
        self.reopened += other.reopened;
        self.overflowed += other.overflowed;
        self.other += other.other;
    }
}

impl Offers {
    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.expired += other.expired;
        self.rescinded += other.rescinded;
        self.cancelled += other.cancelled;
        self.failed += other.failed;
    }
}
