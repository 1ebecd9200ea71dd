//! The work an agent has: one slot per conversation.

use std::fmt;
use std::num::NonZeroU16;

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::{Channel, OfferId};

/// Slots per agent, whatever the capacity: keeps the state of one agent below 128 KiB.
pub(crate) const SLOTS_MAX: usize = 256;

/// Capacity taken by one conversation; its id is the slot's name, so that there cannot be two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slot {
    pub offer_id: OfferId,
    pub channel: Channel,
    /// Units of the channel's capacity.
    pub cost: NonZeroU16,
    #[serde(flatten)]
    pub phase: Phase,
}

/// How far the work has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Kept free for an offer that is not yet answered.
    Reserved {
        expires_at: Timestamp,
    },
    Active,
    /// The other side waits; the capacity stays taken.
    Held,
    WrapUp {
        deadline: Timestamp,
        /// Seconds given so far, extensions included.
        granted_s: u32,
        disposition_required: bool,
    },
}

impl Phase {
    pub(crate) fn name(self) -> PhaseName {
        match self {
            Self::Reserved { .. } => PhaseName::Reserved,
            Self::Active => PhaseName::Active,
            Self::Held => PhaseName::Held,
            Self::WrapUp { .. } => PhaseName::WrapUp,
        }
    }

    /// Whether a customer is being served or written up: more than a promise of capacity.
    pub(crate) fn is_work(self) -> bool {
        self.name() != PhaseName::Reserved
    }
}

/// A phase without what is known in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseName {
    Reserved,
    Active,
    Held,
    WrapUp,
}

impl fmt::Display for PhaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reserved => "reserved",
            Self::Active => "active",
            Self::Held => "held",
            Self::WrapUp => "in wrap-up",
        })
    }
}

/// Why a slot became free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseCause {
    /// The agent declined.
    Rejected,
    /// The agent did not answer.
    Expired,
    /// The offer was taken back, for instance because another agent won it.
    Rescinded,
    /// The conversation is gone.
    Canceled,
    /// The offer was accepted and could not be set up.
    Failed,
    /// The agent chose a presence without offers, or the link broke.
    AgentUnavailable,
    AgentOffline,
    Completed,
    Transferred,
    Parked,
    /// A supervisor took the conversation away.
    Force,
    /// No outcome of the offer was reported in time.
    TtlExpired,
}
