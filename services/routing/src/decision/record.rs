//! Why an agent was asked, and not another: what a match was based on.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::label::{AgentId, Channel, ConversationId, QueueId, Skill};
use crate::settings::Strategy;

/// Version of the rules below; a decision names the one it was made under.
pub const RULES: u16 = 3;
/// Candidates and exclusions that a record names at most; the others it counts.
pub const NAMED_MAX: usize = 50;

/// A decision as it was made: the events up to `based_on` give the same one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    pub rules: u16,
    pub at: Timestamp,
    pub conversation_id: ConversationId,
    /// Version of the conversation that was matched.
    pub conversation_version: u64,
    pub queue_id: QueueId,
    pub channel: Channel,
    pub requirements: BTreeSet<Skill>,
    /// How far the requirements had been relaxed.
    pub ring: u32,
    pub strategy: Strategy,
    /// Where the conversation stood among those who waited.
    pub turn: Turn,
    /// Those who could take it, in the order in which they are asked; as many as may be asked.
    pub candidates: Vec<Candidate>,
    /// All who could take it.
    pub candidates_total: u32,
    /// Those of the queue who were not candidates; the first [`NAMED_MAX`].
    pub exclusions: Vec<Exclusion>,
    /// All agents of the queue who were not candidates, by reason.
    pub excluded: BTreeMap<Reason, u32>,
    /// Agents in cool-down for this conversation were asked nevertheless: there was no other agent.
    pub cooldown_lifted: bool,
    /// Last event seen of each partition, from partition 0 on, by context.
    pub based_on: BTreeMap<Box<str>, Vec<u64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Turn {
    pub enqueued_at: Timestamp,
    pub waited_ms: u64,
    pub priority: i64,
    pub boost_s: u32,
    /// Conversations of the queue that wait.
    pub waiting: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    pub agent_id: AgentId,
    /// Version of the agent that was read: the slot is reserved at it or not at all.
    pub version: u64,
    pub terms: Terms,
}

/// What the strategies order by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Terms {
    /// Absent while at work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_since: Option<Timestamp>,
    /// The last time the agent was freed, became ready, or was asked for what they have; absent under
    /// rules before 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn_since: Option<Timestamp>,
    /// Absent if the agent never took up work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_assigned: Option<Timestamp>,
    /// Units in use on the channel, and those that fit.
    pub used: u32,
    pub capacity: u32,
    /// Sum of level times weight over the required skills.
    pub proficiency: u64,
    /// Preferred: had the conversation before, or was asked for by name.
    pub sticky: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exclusion {
    pub agent_id: AgentId,
    pub reason: Reason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skill: Option<Skill>,
    /// What the agent is busy on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Why an agent of the queue cannot be asked; the first that applies.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The presence takes no offers.
    Presence,
    NotConnected,
    /// Another presence begins when the agent is clear.
    NextPresence,
    NotResponding,
    /// The agent rejected an offer a moment ago.
    Cooldown,
    /// The channel is not among the agent's.
    NotPermitted,
    DeviceNotReady,
    /// At work on a channel, or offered it, that this one may not interrupt.
    BusyOnChannel,
    NoCapacity,
    /// Has the conversation already, or is asked for it.
    Involved,
    SkillMissing,
    /// Refused this conversation, or let its offer run out.
    RefusedBefore,
    /// Is being asked for another conversation at this moment.
    InFlight,
    /// The conversation is to stay with another, who is only to come free.
    NotPreferred,
    /// Was asked first and had changed: another was faster.
    ConflictLost,
}
