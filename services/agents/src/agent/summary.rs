//! The shape of a query's answer.

use std::collections::BTreeMap;

use kernel::{AggregateId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::Channel;
use super::presence::Presence;
use super::session::Link;
use super::slot::{PhaseName, Slot};
use super::standing::Standing;
use super::suspension::Suspension;

/// The whole state of an agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentSummary {
    pub agent_id: AggregateId,
    /// The headline, drawn from all that follows.
    pub state: AgentState,
    /// Slots still to be finished while the presence takes no offers; 0 while it does.
    pub draining: usize,
    /// When the presence was chosen.
    pub since: Timestamp,
    pub link: Link,
    /// Units in use on each channel that is permitted or in use.
    pub used: BTreeMap<Channel, u32>,
    /// From when the agent could have been offered something and had nothing; `null` while at work or
    /// out of reach of offers. An offer that comes to nothing leaves it as it was.
    pub idle_since: Option<Timestamp>,
    /// When work last ended or offers were let in, whichever is later, with or without other work;
    /// `null` before offers were first let in.
    pub last_freed: Option<Timestamp>,
    pub version: u64,
    pub updated_at: Timestamp,
    #[serde(flatten)]
    pub standing: Standing,
}

/// What an agent is doing, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    Offline,
    NotResponding,
    Busy,
    Away,
    /// A presence of the tenant's own that takes no offers.
    Custom,
    Offered,
    /// No permitted channel has room.
    Full,
    Engaged,
    WrapUp,
    Available,
}

impl AgentState {
    /// The first that fits.
    pub(crate) fn of(standing: &Standing) -> Self {
        let presence = &standing.chosen.presence;
        if *presence == Presence::Offline {
            return Self::Offline;
        }
        if standing.suspension == Some(Suspension::NotResponding) {
            return Self::NotResponding;
        }
        match presence {
            Presence::Busy => Self::Busy,
            Presence::Away => Self::Away,
            Presence::Custom {
                routable: false, ..
            } => Self::Custom,
            Presence::Offline | Presence::Available | Presence::Custom { .. } => {
                Self::of_slots(standing)
            }
        }
    }

    fn of_slots(standing: &Standing) -> Self {
        let any = |phases: &[PhaseName]| {
            let concerned = |slot: &Slot| phases.contains(&slot.phase.name());
            standing.slots.values().any(concerned)
        };
        let is_full = |channel: &Channel| standing.free(channel) == 0;
        if any(&[PhaseName::Reserved]) {
            Self::Offered
        } else if standing.capacity.keys().all(is_full) {
            Self::Full
        } else if any(&[PhaseName::Active, PhaseName::Held]) {
            Self::Engaged
        } else if any(&[PhaseName::WrapUp]) {
            Self::WrapUp
        } else {
            Self::Available
        }
    }
}
