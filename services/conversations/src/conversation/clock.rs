//! How long an episode took, and where.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stage::ConversationState;
use super::summary::SubState;

/// Times of the latest episode; a closed one gets no more of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Clocks {
    pub created_at: Timestamp,
    pub enqueued_at: Option<Timestamp>,
    /// Since when the answer, now or last waited for, was overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overdue_at: Option<Timestamp>,
    pub first_connected_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    /// Since when it is in its state and sub-state; the totals stop there.
    pub since: Timestamp,
    /// Milliseconds the customer last waited for an answer, or until they gave up.
    pub wait_ms: Option<u64>,
    pub talk_ms: u64,
    pub hold_ms: u64,
    pub wrap_up_ms: u64,
    /// A wait was negative by the clocks.
    pub clock_anomaly: bool,
}

impl Clocks {
    pub(super) fn new(created_at: Timestamp) -> Self {
        Self {
            created_at,
            enqueued_at: None,
            overdue_at: None,
            first_connected_at: None,
            closed_at: None,
            since: created_at,
            wait_ms: None,
            talk_ms: 0,
            hold_ms: 0,
            wrap_up_ms: 0,
            clock_anomaly: false,
        }
    }

    /// A wait begins, or continues in another place.
    pub(super) fn queue(&mut self, enqueued_at: Timestamp) {
        if self.enqueued_at != Some(enqueued_at) {
            self.overdue_at = None;
        }
        self.enqueued_at = Some(enqueued_at);
    }

    /// Adds the time since the last change to what was going on until now.
    pub(super) fn pass(
        &mut self,
        state: ConversationState,
        sub_state: Option<SubState>,
        at: Timestamp,
    ) {
        let elapsed = at.millis_since(self.since);
        match (state, sub_state) {
            (ConversationState::Active, Some(SubState::Held)) => self.hold_ms += elapsed,
            (ConversationState::Active, _) => self.talk_ms += elapsed,
            (ConversationState::WrapUp, _) => self.wrap_up_ms += elapsed,
            _ => {}
        }
        self.since = at;
    }

    pub(super) fn connect(&mut self, at: Timestamp, wait_ms: u64, clock_anomaly: bool) {
        self.first_connected_at.get_or_insert(at);
        self.wait(wait_ms, clock_anomaly);
    }

    pub(super) fn wait(&mut self, wait_ms: u64, clock_anomaly: bool) {
        self.wait_ms = Some(wait_ms);
        self.clock_anomaly |= clock_anomaly;
    }
}
