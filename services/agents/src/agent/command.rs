//! What can be asked of an agent.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32};

use kernel::{Actor, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::interruption::Interruptions;
use super::label::{
    Channel, ConversationId, DecisionId, Device, DispositionCode, Notes, OfferId, Queue, Reason,
    SessionId, Skill,
};
use super::level::Level;
use super::presence::Presence;
use super::slot::ReleaseCause;

/// A command; the record's key names the agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", content = "data")]
pub enum AgentCommand {
    StartSession(StartSession),
    SetPresence(SetPresence),
    ReserveSlot(ReserveSlot),
    ActivateSlot(ActivateSlot),
    ReleaseSlot(ReleaseSlot),
    HoldSlot(HoldSlot),
    ResumeSlot(ResumeSlot),
    BeginWrapUp(BeginWrapUp),
    CompleteWrapUp(CompleteWrapUp),
    ExtendWrapUp(ExtendWrapUp),
    SetCapacity(SetCapacity),
    SetSkills(SetSkills),
    SetQueues(SetQueues),
    AddQueues(AddQueues),
    RemoveQueues(RemoveQueues),
    SetInterruptions(SetInterruptions),
    Heartbeat(Heartbeat),
    LoseLink(LoseLink),
    EndSession(EndSession),
    SuspendRouting(SuspendRouting),
    ExpireSession(ExpireSession),
    ExpireSlot(ExpireSlot),
    ExpireWrapUp(ExpireWrapUp),
    ExpireGrace(ExpireGrace),
    EndCooldown(EndCooldown),
}

impl AgentCommand {
    /// The name it travels under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::StartSession(_) => "StartSession",
            Self::SetPresence(_) => "SetPresence",
            Self::ReserveSlot(_) => "ReserveSlot",
            Self::ActivateSlot(_) => "ActivateSlot",
            Self::ReleaseSlot(_) => "ReleaseSlot",
            Self::HoldSlot(_) => "HoldSlot",
            Self::ResumeSlot(_) => "ResumeSlot",
            Self::BeginWrapUp(_) => "BeginWrapUp",
            Self::CompleteWrapUp(_) => "CompleteWrapUp",
            Self::ExtendWrapUp(_) => "ExtendWrapUp",
            Self::SetCapacity(_) => "SetCapacity",
            Self::SetSkills(_) => "SetSkills",
            Self::SetQueues(_) => "SetQueues",
            Self::AddQueues(_) => "AddQueues",
            Self::RemoveQueues(_) => "RemoveQueues",
            Self::SetInterruptions(_) => "SetInterruptions",
            Self::Heartbeat(_) => "Heartbeat",
            Self::LoseLink(_) => "LoseLink",
            Self::EndSession(_) => "EndSession",
            Self::SuspendRouting(_) => "SuspendRouting",
            Self::ExpireSession(_) => "ExpireSession",
            Self::ExpireSlot(_) => "ExpireSlot",
            Self::ExpireWrapUp(_) => "ExpireWrapUp",
            Self::ExpireGrace(_) => "ExpireGrace",
            Self::EndCooldown(_) => "EndCooldown",
        }
    }
}

/// Opens a session at a device, or brings one back that is in grace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartSession {
    pub session_id: SessionId,
    pub device: Device,
    /// What the device is ready to carry; nothing else is offered to it.
    pub channels: BTreeSet<Channel>,
}

/// Chooses a presence. The agent it is about, or a supervisor, sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPresence {
    pub presence: Presence,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    #[serde(default)]
    pub when: When,
    /// Ends the work that stands against going offline; a supervisor's only.
    #[serde(default)]
    pub force: bool,
}

/// When a chosen presence begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum When {
    #[default]
    Now,
    /// As soon as the agent has no slot; until then nothing new is offered.
    WhenClear,
}

/// Takes capacity for an offer, before it is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReserveSlot {
    pub offer_id: OfferId,
    pub conversation_id: ConversationId,
    pub channel: Channel,
    /// Units of the channel's capacity.
    pub cost: NonZeroU16,
    /// Milliseconds the slot waits for the offer's outcome: the offer's own time and 15 s more, since
    /// it only heals a crash between the two. More than an hour and 15 s count as those.
    pub ttl_ms: NonZeroU32,
    /// Who allows it beyond the capacity; not the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub override_by: Option<Actor>,
    /// Skills that the conversation needs, each with its lowest level.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requirements: BTreeMap<Skill, Level>,
    /// The match that asks for it; none when it is reserved by hand.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matched: Option<Match>,
}

/// What the conversation learns of a match when the slot is reserved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Match {
    pub decision_id: DecisionId,
    /// Where the conversation waits.
    pub queue: Queue,
    /// Milliseconds the agent has to answer; more than an hour count as one.
    pub offer_ttl_ms: NonZeroU32,
    /// Live offers the conversation may have with this one; more than 10 count as 10.
    pub parallel_max: NonZeroU8,
}

/// The offer was accepted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ActivateSlot {
    pub offer_id: OfferId,
}

/// Gives capacity back. A slot that is not there is what the sender wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseSlot {
    pub slot: SlotName,
    pub cause: ReleaseCause,
}

/// A slot, by either of its names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SlotName {
    OfferId(OfferId),
    ConversationId(ConversationId),
}

/// The other side is put on hold; the capacity stays taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldSlot {
    pub conversation_id: ConversationId,
}

/// The talk goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeSlot {
    pub conversation_id: ConversationId,
}

/// The talking is over, the writing up begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginWrapUp {
    pub conversation_id: ConversationId,
    /// Seconds; 0 releases the slot at once, more than 900 count as 900.
    pub budget_s: u32,
    /// Whether the wrap-up cannot be completed without a code.
    #[serde(default)]
    pub disposition_required: bool,
}

/// The writing up is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteWrapUp {
    pub conversation_id: ConversationId,
    /// The main one first.
    #[serde(default)]
    pub codes: Vec<DispositionCode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("pii" = true))]
    pub notes: Option<Notes>,
}

/// The writing up takes longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendWrapUp {
    pub conversation_id: ConversationId,
    /// Added to the deadline, up to 900 in all.
    pub seconds: NonZeroU16,
}

/// States the channels the agent may work on, and how much of each at once. A channel that is not
/// named is not permitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetCapacity {
    pub channels: BTreeMap<Channel, u16>,
}

/// Replaces all skills.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSkills {
    pub skills: BTreeMap<Skill, Level>,
}

/// Replaces all queues that the agent serves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetQueues {
    pub queues: BTreeSet<Queue>,
}

/// Queues the agent serves from now on as well; of two who add, neither undoes the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddQueues {
    pub queues: BTreeSet<Queue>,
}

/// Queues the agent serves no more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveQueues {
    pub queues: BTreeSet<Queue>,
}

/// Replaces which work other channels may interrupt: by channel of the work, the channels that may
/// still be offered. Of a channel that is not named: voice by none, any other by all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetInterruptions {
    pub interruptible_by: Interruptions,
}

/// The session is alive: brings it back from grace, and changes nothing else. A session without one
/// for 60 s is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    pub session_id: SessionId,
}

/// The session's connection has broken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoseLink {
    pub session_id: SessionId,
}

/// The device signs off; with the last one the agent goes offline, unless work is left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndSession {
    pub session_id: SessionId,
}

/// No heartbeat of the session came for the grace. Sent by a router, at the version it has read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireSession {
    pub session_id: SessionId,
}

/// The agent does not respond.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendRouting {}

/// A timer: the offer's outcome never came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireSlot {
    pub offer_id: OfferId,
    /// As the reservation said.
    pub expires_at: Timestamp,
}

/// A timer: the wrap-up's time is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireWrapUp {
    pub conversation_id: ConversationId,
    /// An extended wrap-up has a later one, and goes on.
    pub deadline: Timestamp,
}

/// A timer: the session did not come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireGrace {
    pub session_id: SessionId,
    /// As the loss said; a session that was lost again has a later one.
    pub grace_until: Timestamp,
}

/// A timer: the cool-down after a rejected offer is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndCooldown {
    /// A later rejection has a later one.
    pub ready_at: Timestamp,
}
