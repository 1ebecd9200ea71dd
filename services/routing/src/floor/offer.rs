//! Offers that are not answered yet.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{AgentId, OfferId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LiveOffer {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    /// As the conversation's event has it: not every offer comes from the router.
    pub decision_id: Box<str>,
    pub expires_at: Timestamp,
    /// The agent has accepted; the slot is being set up.
    pub accepting: bool,
}
