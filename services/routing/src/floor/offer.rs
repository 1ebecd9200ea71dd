//! Offers that are not answered yet.

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::label::{AgentId, OfferId};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveOffer {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    /// As the conversation was told: not every offer comes from here.
    pub decision_id: Box<str>,
    pub expires_at: Timestamp,
    /// The agent said yes; the slot is being set up.
    pub accepting: bool,
}
