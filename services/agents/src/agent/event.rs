//! What happened to an agent. A shipped event never changes its shape.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32};

use cqrs_es::DomainEvent;
use kernel::{Actor, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interruption::Interruptions;
use super::label::{
    Channel, ConversationId, DecisionId, Device, DispositionCode, Notes, OfferId, Queue, SessionId,
    Skill,
};
use super::level::Level;
use super::presence::Choice;
use super::session::SessionEnd;
use super::slot::{PhaseName, ReleaseCause};
use super::suspension::SuspensionReason;

/// An event; its version, time and cause are in the record around it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum AgentEvent {
    SessionStarted(SessionStarted),
    /// Takes the place of whatever presence was chosen for later.
    PresenceChanged(Choice),
    NextPresenceSet(NextPresenceSet),
    SlotReserved(SlotReserved),
    /// Stands behind the reservation that a match made.
    AgentMatched(AgentMatched),
    SlotActivated(SlotActivated),
    /// The one event that frees a slot, whatever other events report its end.
    SlotReleased(SlotReleased),
    SlotHeld(SlotHeld),
    SlotResumed(SlotResumed),
    WrapUpStarted(WrapUpStarted),
    WrapUpExtended(WrapUpExtended),
    WrapUpCompleted(WrapUpCompleted),
    /// The wrap-up ended without the agent: at its deadline, or because the slot was taken away.
    WrapUpAutoCompleted(WrapUpAutoCompleted),
    CapacityChanged(CapacityChanged),
    SkillsChanged(SkillsChanged),
    QueuesChanged(QueuesChanged),
    InterruptionsChanged(InterruptionsChanged),
    LinkLost(LinkLost),
    LinkRestored(LinkRestored),
    /// The session is gone for good.
    GraceExpired(GraceExpired),
    /// A sign of life that came as a command; those that gateways hear are no events.
    SessionHeard(SessionHeard),
    SessionEnded(SessionEnded),
    RoutingSuspended(RoutingSuspended),
    RoutingResumed(RoutingResumed),
}

impl AgentEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::SessionStarted(_) => "SessionStarted",
            Self::PresenceChanged(_) => "PresenceChanged",
            Self::NextPresenceSet(_) => "NextPresenceSet",
            Self::SlotReserved(_) => "SlotReserved",
            Self::AgentMatched(_) => "AgentMatched",
            Self::SlotActivated(_) => "SlotActivated",
            Self::SlotReleased(_) => "SlotReleased",
            Self::SlotHeld(_) => "SlotHeld",
            Self::SlotResumed(_) => "SlotResumed",
            Self::WrapUpStarted(_) => "WrapUpStarted",
            Self::WrapUpExtended(_) => "WrapUpExtended",
            Self::WrapUpCompleted(_) => "WrapUpCompleted",
            Self::WrapUpAutoCompleted(_) => "WrapUpAutoCompleted",
            Self::CapacityChanged(_) => "CapacityChanged",
            Self::SkillsChanged(_) => "SkillsChanged",
            Self::QueuesChanged(_) => "QueuesChanged",
            Self::InterruptionsChanged(_) => "InterruptionsChanged",
            Self::LinkLost(_) => "LinkLost",
            Self::LinkRestored(_) => "LinkRestored",
            Self::GraceExpired(_) => "GraceExpired",
            Self::SessionHeard(_) => "SessionHeard",
            Self::SessionEnded(_) => "SessionEnded",
            Self::RoutingSuspended(_) => "RoutingSuspended",
            Self::RoutingResumed(_) => "RoutingResumed",
        }
    }
}

impl DomainEvent for AgentEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            Self::SessionStarted(_) => "2",
            _ => "1",
        }
        .to_owned()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionStarted {
    pub session_id: SessionId,
    pub device: Device,
    pub channels: BTreeSet<Channel>,
    /// Absent in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NextPresenceSet {
    /// What begins when the last slot is free; absent when that is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Choice>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlotReserved {
    pub offer_id: OfferId,
    pub conversation_id: ConversationId,
    pub channel: Channel,
    /// Units of the channel's capacity.
    pub cost: NonZeroU16,
    pub expires_at: Timestamp,
    /// Who allowed it, when it goes beyond the capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_by: Option<Actor>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentMatched {
    pub offer_id: OfferId,
    pub conversation_id: ConversationId,
    pub decision_id: DecisionId,
    /// Where the conversation waits.
    pub queue: Queue,
    /// Milliseconds the agent has to answer.
    pub ttl_ms: NonZeroU32,
    /// Live offers the conversation may have with this one.
    pub parallel_max: NonZeroU8,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlotActivated {
    pub offer_id: OfferId,
    pub conversation_id: ConversationId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlotReleased {
    pub offer_id: OfferId,
    pub conversation_id: ConversationId,
    pub cause: ReleaseCause,
    /// How far the work had come.
    pub phase: PhaseName,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlotHeld {
    pub conversation_id: ConversationId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SlotResumed {
    pub conversation_id: ConversationId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WrapUpStarted {
    pub conversation_id: ConversationId,
    pub deadline: Timestamp,
    /// Seconds from now to the deadline.
    pub budget_s: u32,
    pub disposition_required: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WrapUpExtended {
    pub conversation_id: ConversationId,
    /// From now on.
    pub deadline: Timestamp,
    /// Seconds given in all.
    pub granted_s: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WrapUpCompleted {
    pub conversation_id: ConversationId,
    pub codes: Vec<DispositionCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pii" = true))]
    pub notes: Option<Notes>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WrapUpAutoCompleted {
    pub conversation_id: ConversationId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CapacityChanged {
    /// All permitted channels, with the units of work that fit at once.
    pub channels: BTreeMap<Channel, u16>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SkillsChanged {
    pub skills: BTreeMap<Skill, Level>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueuesChanged {
    pub queues: BTreeSet<Queue>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InterruptionsChanged {
    /// By channel of the work, the channels that may still be offered; of one that is not named: voice
    /// by none, any other by all.
    pub interruptible_by: Interruptions,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkLost {
    pub session_id: SessionId,
    pub grace_until: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LinkRestored {
    pub session_id: SessionId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraceExpired {
    pub session_id: SessionId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionHeard {
    pub session_id: SessionId,
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SessionEnded {
    pub session_id: SessionId,
    pub cause: SessionEnd,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoutingSuspended {
    pub reason: SuspensionReason,
    /// When a cool-down ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoutingResumed {}
