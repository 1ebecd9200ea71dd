//! What can be asked of a conversation.

use kernel::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::carried::Carried;
use super::event::EndedBy;
use super::offer_event::{FailCause, RescindCause};
use crate::bounds::{
    Briefing, DispositionCodes, OfferTtlMs, ParallelMax, Priority, Reason, Requirements, Ring,
    WaitMs, WrapUpSeconds,
};
use crate::label::{
    AgentId, Channel, ConversationId, CustomerId, DecisionId, Intent, OfferId, PhoneNumber, Queue,
};
use crate::message::{
    CancelMessage, MarkSeen, MarkSent, ReceiveMessage, RecordReceipt, RetryMessage, SendMessage,
};

/// Declares the commands, so that each name is written once.
macro_rules! commands {
    ($($name:ident,)*) => {
        /// A command; the record's key names the conversation.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type", content = "data")]
        pub enum ConversationCommand {
            $($name($name),)*
        }

        impl ConversationCommand {
            /// The name it travels under.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }
        }
    };
}

commands! {
    Create,
    RouteToBot,
    Enqueue,
    Handoff,
    CustomerLeft,
    Contain,
    MarkOffered,
    OfferMatch,
    Reprioritise,
    Relax,
    Overflow,
    TakeManually,
    AcceptOffer,
    RejectOffer,
    ExpireOffer,
    RescindOffer,
    FailOffer,
    ConnectOffer,
    RequestCallback,
    Expire,
    MarkOverdue,
    Cancel,
    Hold,
    Resume,
    Park,
    Unpark,
    Consult,
    Conference,
    EndConsult,
    TransferCold,
    CompleteTransfer,
    FailTransfer,
    End,
    CompleteWrapUp,
    ExpireWrapUp,
    LoseAgent,
    ForceRequeue,
    ForceClose,
    Merge,
    Reopen,
    ReceiveMessage,
    ReceiveCarried,
    SendMessage,
    MarkSent,
    RecordReceipt,
    RetryMessage,
    CancelMessage,
    MarkSeen,
}

/// Opens the conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    #[schemars(extend("pii" = true))]
    pub customer_id: CustomerId,
    pub channel: Channel,
    pub intent: Intent,
    #[serde(default)]
    pub priority: Priority,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteToBot {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Enqueue {
    pub queue: Queue,
    #[serde(default)]
    pub requirements: Requirements,
    /// None: as it was opened with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// None: it waits until it is answered or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<WaitMs>,
    /// The service level that was promised: a wait that lasts longer is said to be overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_within_ms: Option<WaitMs>,
}

/// The bot gives the conversation to people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handoff {
    pub reason: Reason,
    pub summary: Briefing,
    pub queue: Queue,
    #[serde(default)]
    pub requirements: Requirements,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<WaitMs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_within_ms: Option<WaitMs>,
}

/// The customer hangs up or closes the chat. The agent who has the conversation, if one has, may need
/// time to write it up, as after [`End`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomerLeft {
    #[serde(default, skip_serializing_if = "is_default")]
    pub wrap_up_s: WrapUpSeconds,
    #[serde(default, skip_serializing_if = "is_default")]
    pub disposition_required: bool,
}

/// What is left out is written as it was sent: two callers who mean the same send the same bytes.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The customer has what they wanted without a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contain {}

/// The matcher has reserved a slot of the agent and asks them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkOffered {
    pub offer_id: OfferId,
    pub agent_id: AgentId,
    pub decision_id: DecisionId,
    pub ttl_ms: OfferTtlMs,
    /// Live offers there may be with this one; 1 asks one agent after the other.
    #[serde(default)]
    pub parallel_max: ParallelMax,
}

/// An agent was matched, and their slot is reserved. The answer is an event either way: an offer, or
/// the refusal that gives the slot back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct OfferMatch(pub MarkOffered);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reprioritise {
    pub priority: Priority,
}

/// Widens the circle of agents who may be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Relax {
    /// The step; one already reached changes nothing.
    pub ring: Ring,
    /// What is no longer required.
    pub dropped: Requirements,
}

/// Moves it to another queue without losing its place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Overflow {
    pub queue: Queue,
}

/// An agent takes it out of the queue past the matcher; their slot is reserved beforehand. It is an
/// offer that is accepted already, and theirs once the slot is active.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeManually {
    pub agent_id: AgentId,
    /// Under which the agent's slot was reserved.
    pub offer_id: OfferId,
    pub decision_id: DecisionId,
    /// Taken beyond the agent's capacity, which somebody allowed.
    #[serde(default)]
    pub over_capacity: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptOffer {
    pub offer_id: OfferId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectOffer {
    pub offer_id: OfferId,
    pub reason: Reason,
}

/// By timer: expects the offer to be pending, and changes nothing when it is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireOffer {
    pub offer_id: OfferId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RescindOffer {
    pub offer_id: OfferId,
    pub cause: RescindCause,
}

/// What was accepted could not be set up; changes nothing once the offer is final.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailOffer {
    pub offer_id: OfferId,
    pub cause: FailCause,
}

/// The agent's slot is active: the conversation is theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectOffer {
    pub offer_id: OfferId,
}

/// The customer hangs up and keeps the place in the queue. While a bot or an agent has the conversation
/// it is kept, and done once neither has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestCallback {
    pub callback_at: Timestamp,
    #[schemars(extend("pii" = true))]
    pub number: PhoneNumber,
}

/// By timer: expects this stay in the queue, and changes nothing when it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expire {
    pub seq: u64,
}

/// By timer: expects this stay in the queue, and changes nothing when it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkOverdue {
    pub seq: u64,
}

/// What was wanted is not wanted any more; a talk that goes on is ended by the customer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hold {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Resume {}

/// Puts it aside and frees the agent's slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Park {
    /// None: until the customer replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unpark {
    /// By timer: the version at which it was parked; changes nothing when that is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked_version: Option<u64>,
}

/// Asks another agent while the customer waits; a slot of theirs is reserved beforehand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Consult {
    pub target: AgentId,
    /// Under which the target's slot was reserved.
    pub offer_id: OfferId,
}

/// The consulted agent joins customer and owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Conference {}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndConsult {}

/// Back to a queue; the agent leaves at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferCold {
    pub queue: Queue,
    /// Who is preferred there, for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_agent_id: Option<AgentId>,
    #[serde(default)]
    pub requirements: Requirements,
    #[serde(default)]
    pub wrap_up_s: WrapUpSeconds,
}

/// The consulted agent becomes the owner.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteTransfer {
    #[serde(default)]
    pub wrap_up_s: WrapUpSeconds,
}

/// The consulted agent does not take over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FailTransfer {
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct End {
    pub by: EndedBy,
    /// 0: the conversation is closed at once.
    #[serde(default)]
    pub wrap_up_s: WrapUpSeconds,
    #[serde(default)]
    pub disposition_required: bool,
}

/// The agent has done the after-call work. That of an agent who left earlier is their own affair
/// and changes nothing here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteWrapUp {
    pub agent_id: AgentId,
    pub codes: DispositionCodes,
}

/// By timer or for an agent who is gone; changes nothing when that wrap-up is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireWrapUp {
    pub agent_id: AgentId,
    /// By timer: the version at which wrap-up began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrap_up_version: Option<u64>,
}

/// The agent is gone for good; changes nothing when they have no part in it any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoseAgent {
    pub agent_id: AgentId,
}

/// A supervisor puts it back, whatever it is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceRequeue {
    pub queue: Queue,
    pub reason: Reason,
}

/// A supervisor ends it, whatever it is doing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForceClose {
    pub reason: Reason,
}

/// It goes on as part of another conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    pub into: ConversationId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reopen {}

/// By reaction: a customer's request that reached a conversation which is over, and goes on in this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ReceiveCarried(pub Carried);
