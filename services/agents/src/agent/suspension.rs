//! Why an agent who wants work is given none for now.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::Channel;

/// Seconds without offers after a rejected one, so that the same offer does not come straight back.
pub(crate) const COOLDOWN_S: u32 = 30;

/// A stop of routing that the agent did not choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Suspension {
    /// Offers ran out unanswered; only a choice of presence ends it.
    NotResponding,
    /// An offer was rejected.
    Cooldown { ready_at: Timestamp },
}

/// Why routing stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionReason {
    NotResponding,
    Cooldown,
}

/// Expiries in a row after which an agent counts as not responding. A telephone that rings unheard
/// shows at once that the agent is absent; a chat may go unseen behind another window.
const EXPIRIES_VOICE: u8 = 1;
const EXPIRIES_OTHER: u8 = 2;

/// Expired offers in a row, the last of them on this channel, that suspend routing.
pub(crate) fn expiries_max(channel: &Channel) -> u8 {
    if channel.as_str() == "voice" {
        EXPIRIES_VOICE
    } else {
        EXPIRIES_OTHER
    }
}
