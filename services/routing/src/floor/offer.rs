//! Offers that are not answered yet.

use kernel::Timestamp;
use serde::Serialize;

use crate::label::{AgentId, DecisionId, OfferId};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LiveOffer {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub decision_id: DecisionId,
    pub expires_at: Timestamp,
    /// The agent said yes; the slot is being set up.
    pub accepting: bool,
}
