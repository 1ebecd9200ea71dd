//! The events of the agents context as they are read here: unnamed ones are ignored, so that agents
//! may add events.

use std::collections::BTreeMap;
use std::fmt;

use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::label::{Channel, ConversationId, PresenceCode, QueueId, SessionId};

/// Declares the events, so that each name is written once.
macro_rules! events {
    ($($name:ident($data:ty),)*) => {
        #[derive(Clone, Debug, PartialEq, Deserialize)]
        #[serde(tag = "type", content = "data")]
        pub enum AgentEvent {
            $($name($data),)*
        }

        impl AgentEvent {
            #[cfg(test)]
            pub(crate) const NAMES: &[&str] = &[$(stringify!($name)),*];

            /// Whether an event of this name is one of them.
            pub(crate) fn wants(kind: &str) -> bool {
                matches!(kind, $(stringify!($name))|*)
            }
        }
    };
}

events! {
    SessionStarted(SessionStarted),
    LinkLost(OfSession),
    LinkRestored(OfSession),
    GraceExpired(OfSession),
    SessionEnded(OfSession),
    PresenceChanged(Chosen),
    NextPresenceSet(NextPresenceSet),
    RoutingSuspended(RoutingSuspended),
    RoutingResumed(RoutingResumed),
    CapacityChanged(CapacityChanged),
    QueuesChanged(QueuesChanged),
    SlotReserved(SlotReserved),
    SlotActivated(OfSlot),
    SlotHeld(OfSlot),
    SlotResumed(OfSlot),
    WrapUpStarted(OfSlot),
    SlotReleased(OfSlot),
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SessionStarted {
    pub(super) session_id: SessionId,
    pub(super) channels: Vec<Channel>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OfSession {
    pub(super) session_id: SessionId,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Chosen {
    pub(super) presence: Presence,
    #[serde(default)]
    pub(super) reason: Option<Box<str>>,
}

/// What an agent has chosen to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presence {
    #[default]
    Offline,
    Available,
    Busy,
    Away,
    Custom {
        code: PresenceCode,
        routable: bool,
    },
}

impl Presence {
    pub(crate) fn is_routable(&self) -> bool {
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

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NextPresenceSet {
    #[serde(default)]
    pub(super) next: Option<Chosen>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct RoutingSuspended {
    /// When a cool-down ends; absent for an agent who does not respond.
    #[serde(default)]
    pub(super) ready_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct RoutingResumed {}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CapacityChanged {
    /// All permitted channels, with the units of work that fit at once.
    pub(super) channels: BTreeMap<Channel, u16>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct QueuesChanged {
    pub(super) queues: Vec<QueueId>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct SlotReserved {
    pub(super) conversation_id: ConversationId,
    /// Units of the channel's capacity.
    pub(super) cost: u16,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct OfSlot {
    pub(super) conversation_id: ConversationId,
}
