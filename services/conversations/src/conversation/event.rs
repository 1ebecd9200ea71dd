//! What happened to a conversation. A shipped event never changes its shape.
//!
//! `at` is the conversation's own time: accepted-at of the command, but never before the event before.

use cqrs_es::DomainEvent;
use kernel::{Actor, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::carried::{CarriedOver, Continued};
use super::follow_up::FollowUpDeferred;
use super::offer_event::{
    MatchRefused, OfferFailed, OfferMoved, OfferRejected, OfferRescinded, Offered,
};
use crate::bounds::{
    Briefing, DispositionCodes, Priority, Reason, Requirements, Ring, WaitMs, WrapUpSeconds,
};
use crate::label::{
    AgentId, Channel, ConversationId, CustomerId, DispositionCode, Intent, OfferId, PhoneNumber,
    Queue,
};
use crate::message::{
    MessageCancelled, MessageQueued, MessageReceived, MessageRetried, MessageSeen, MessageSent,
    MessageStatusChanged, ReceiptAnomaly, ReceiptBuffered, ReceiptRecorded,
};

/// Declares the events, so that each name is written once.
macro_rules! events {
    ($($name:ident($data:ty),)*) => {
        /// An event; its version and cause are in the record around it.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "type", content = "data")]
        pub enum ConversationEvent {
            $($name($data),)*
        }

        impl ConversationEvent {
            /// The name it travels under.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }

            pub(crate) fn at(&self) -> Timestamp {
                match self {
                    $(Self::$name(event) => event.at,)*
                }
            }
        }
    };
}

events! {
    ConversationCreated(ConversationCreated),
    BotEngaged(Happened),
    HandedOff(HandedOff),
    Queued(Queued),
    LeftBeforeQueue(Happened),
    ResolvedByBot(Happened),
    Offered(Offered),
    MatchRefused(MatchRefused),
    OfferAccepting(OfferMoved),
    OfferAccepted(OfferMoved),
    OfferRejected(OfferRejected),
    OfferExpired(OfferMoved),
    OfferRescinded(OfferRescinded),
    OfferCanceled(OfferMoved),
    OfferFailed(OfferFailed),
    Requeued(Requeued),
    Connected(Connected),
    PriorityChanged(PriorityChanged),
    RequirementsRelaxed(RequirementsRelaxed),
    Overflowed(Overflowed),
    ManuallyTaken(ManuallyTaken),
    Abandoned(Abandoned),
    CallbackRequested(CallbackRequested),
    Expired(Happened),
    AnswerOverdue(AnswerOverdue),
    Cancelled(Cancelled),
    Held(AgentActed),
    Resumed(AgentActed),
    Parked(Parked),
    Unparked(Unparked),
    ConsultStarted(ConsultStarted),
    ConsultConnected(AgentActed),
    ParticipantJoined(AgentActed),
    ParticipantLeft(AgentActed),
    TransferRequested(TransferRequested),
    AgentLeft(AgentLeft),
    OwnerChanged(OwnerChanged),
    TransferFailed(TransferFailed),
    Ended(Ended),
    Disposed(Disposed),
    WrapUpTimedOut(WrapUpTimedOut),
    ForceRequeued(Forced),
    ForceClosed(Forced),
    Merged(Merged),
    Reopened(Reopened),
    FollowUpDeferred(FollowUpDeferred),
    FollowUpWithdrawn(Happened),
    CarriedOver(CarriedOver),
    Continued(Continued),
    MessageReceived(MessageReceived),
    MessageSeen(MessageSeen),
    MessageQueued(MessageQueued),
    MessageSent(MessageSent),
    ReceiptRecorded(ReceiptRecorded),
    ReceiptBuffered(ReceiptBuffered),
    ReceiptAnomaly(ReceiptAnomaly),
    MessageStatusChanged(MessageStatusChanged),
    MessageRetried(MessageRetried),
    MessageCancelled(MessageCancelled),
}

impl DomainEvent for ConversationEvent {
    fn event_type(&self) -> String {
        self.name().to_owned()
    }

    fn event_version(&self) -> String {
        match self {
            // Version 2 records whether a machine wrote the message.
            Self::MessageQueued(_) => "2",
            _ => "1",
        }
        .to_owned()
    }
}

/// An event that its name says all about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Happened {
    pub at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConversationCreated {
    pub at: Timestamp,
    pub conversation_id: ConversationId,
    #[schemars(extend("pii" = true))]
    pub customer_id: CustomerId,
    pub channel: Channel,
    pub intent: Intent,
    pub priority: Priority,
    pub created_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HandedOff {
    pub at: Timestamp,
    pub reason: Reason,
    pub summary: Briefing,
}

/// It waits; the only event that gives it a place or another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Queued {
    pub at: Timestamp,
    pub cause: QueueCause,
    pub queue: Queue,
    pub requirements: Requirements,
    pub priority: Priority,
    /// Since when it waits: `at`, or earlier when it keeps its place.
    pub enqueued_at: Timestamp,
    /// 1, 2, 3 … for each place it was given; with the id it breaks ties of time.
    pub seq: u64,
    /// Cold transfers so far in this episode.
    pub hops: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<WaitMs>,
    /// When it is given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_within_ms: Option<WaitMs>,
    /// When it is overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_by: Option<Timestamp>,
    /// Who is preferred until then; afterwards anybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
}

/// It still waits for an answer that was promised by now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerOverdue {
    pub at: Timestamp,
    pub queue: Queue,
    /// The promise, milliseconds.
    pub answer_within_ms: WaitMs,
}

/// A preference with a time box.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sticky {
    pub agent_id: AgentId,
    pub until: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QueueCause {
    Enqueued,
    HandedOff,
    Unparked,
    Transferred,
    AgentOffline,
    ForceRequeued,
    Reopened,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Requeued {
    pub at: Timestamp,
    pub cause: RequeueCause,
    /// The place it has again, or had: a lost agent is followed by a new `Queued`.
    pub enqueued_at: Timestamp,
    pub seq: u64,
    /// The customer was answered before: a new wait begins.
    pub new_wait_clock: bool,
    /// Who was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequeueCause {
    OfferRejected,
    OfferExpired,
    OfferRescinded,
    OfferFailed,
    AgentOffline,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Connected {
    pub at: Timestamp,
    pub agent_id: AgentId,
    /// From `enqueued_at` to now, in milliseconds.
    pub wait_ms: u64,
    /// Accepted before it was queued, by the clocks: the wait is 0 for want of a better number.
    pub clock_anomaly: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PriorityChanged {
    pub at: Timestamp,
    pub priority: Priority,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RequirementsRelaxed {
    pub at: Timestamp,
    pub ring: Ring,
    /// What is still required.
    pub requirements: Requirements,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overflowed {
    pub at: Timestamp,
    pub from: Queue,
    pub queue: Queue,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ManuallyTaken {
    pub at: Timestamp,
    pub agent_id: AgentId,
    pub over_capacity: bool,
    pub taken_by: Actor,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Abandoned {
    pub at: Timestamp,
    pub wait_ms: u64,
    pub clock_anomaly: bool,
    /// So soon that no agent could have answered; reported apart.
    pub short: bool,
    pub while_offered: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CallbackRequested {
    pub at: Timestamp,
    pub callback_at: Timestamp,
    #[schemars(extend("pii" = true))]
    pub number: PhoneNumber,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cancelled {
    pub at: Timestamp,
    pub cancelled_by: Actor,
}

/// Something the agent did or that happened to them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentActed {
    pub at: Timestamp,
    pub agent_id: AgentId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Parked {
    pub at: Timestamp,
    pub agent_id: AgentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Unparked {
    pub at: Timestamp,
    pub cause: UnparkCause,
    /// Who had it before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnparkCause {
    CustomerReply,
    Timer,
    Agent,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConsultStarted {
    pub at: Timestamp,
    pub agent_id: AgentId,
    pub target: AgentId,
    /// Under which the target's slot was reserved.
    pub offer_id: OfferId,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransferRequested {
    pub at: Timestamp,
    pub agent_id: AgentId,
    pub queue: Queue,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_agent_id: Option<AgentId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AgentLeft {
    pub at: Timestamp,
    pub agent_id: AgentId,
    pub wrap_up_s: WrapUpSeconds,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OwnerChanged {
    pub at: Timestamp,
    pub from: AgentId,
    pub to: AgentId,
    /// The wrap-up of `from`.
    pub wrap_up_s: WrapUpSeconds,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TransferFailed {
    pub at: Timestamp,
    /// Who keeps it.
    pub agent_id: AgentId,
    pub target: AgentId,
    pub reason: Reason,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    pub at: Timestamp,
    pub by: EndedBy,
    pub agent_id: AgentId,
    /// 0: closed at once.
    pub wrap_up_s: WrapUpSeconds,
    pub disposition_required: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    Customer,
    Agent,
    System,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Disposed {
    pub at: Timestamp,
    pub agent_id: AgentId,
    pub codes: DispositionCodes,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WrapUpTimedOut {
    pub at: Timestamp,
    pub agent_id: AgentId,
    /// What stands in for the agent's own.
    pub code: DispositionCode,
}

/// What a supervisor did over the heads of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Forced {
    pub at: Timestamp,
    pub by: Actor,
    pub reason: Reason,
    /// The owner until now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Merged {
    pub at: Timestamp,
    pub by: Actor,
    pub into: ConversationId,
    /// The owner until now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reopened {
    pub at: Timestamp,
    /// The episode that begins: 2, 3, 4 …
    pub episode: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_agent: Option<AgentId>,
}
