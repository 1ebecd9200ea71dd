//! What an agent has chosen to be.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::label::{PresenceCode, Reason};

/// A presence; whether it lets offers in is part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Not at work.
    #[default]
    Offline,
    /// The only built-in one that takes offers.
    Available,
    /// Not to be disturbed.
    Busy,
    Away,
    /// One of the tenant's own.
    Custom {
        code: PresenceCode,
        routable: bool,
    },
}

impl Presence {
    /// What an agent is on coming to work: at the desk, and not yet taking offers.
    pub(crate) const FIRST: Self = Self::Away;

    /// Whether the agent wants to be offered work.
    #[must_use]
    pub fn is_routable(&self) -> bool {
        match self {
            Self::Available => true,
            Self::Custom { routable, .. } => *routable,
            Self::Offline | Self::Busy | Self::Away => false,
        }
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offline => "offline",
            Self::Available => "available",
            Self::Busy => "busy",
            Self::Away => "away",
            Self::Custom { code, .. } => code.as_str(),
        })
    }
}

/// Who chose a presence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    Agent,
    /// Anyone but the agent.
    Supervisor,
    #[default]
    System,
}

/// A presence as it was chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    pub presence: Presence,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    pub source: Source,
}

impl Choice {
    pub(crate) fn of_system(presence: Presence) -> Self {
        Self {
            presence,
            reason: None,
            source: Source::System,
        }
    }
}
