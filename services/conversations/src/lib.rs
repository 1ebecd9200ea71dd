//! Conversations: what a customer wants of the desk, who is asked, who answers, and the messages.
//!
//! In: commands from customers' channels, the matcher, agents, supervisors, timers, and what the
//! agents context publishes. Out: the events that follow and `ConversationView`. It alone decides an
//! offer's outcome; it never knows an agent's capacity, reads a clock or does I/O.

mod bounds;
mod continuation;
mod conversation;
mod label;
mod message;
mod reaction;

pub use bounds::{BadValue, Bounded, Few, Text};
pub use continuation::{CarriedEvent, ConversationsToConversations};
pub use conversation::{
    Abandoned, AcceptOffer, AgentActed, AgentLeft, Callback, CallbackRequested, Cancel, Cancelled,
    Carried, CarriedOver, CarriedRequest, Clocks, CloseReason, CompleteTransfer, CompleteWrapUp,
    Conference, ConnectOffer, Connected, Consult, ConsultStarted, Contain, Continued, Conversation,
    ConversationCommand, ConversationCreated, ConversationEvent, ConversationRejection,
    ConversationState, ConversationSummary, ConversationView, Create, CustomerLeft, Disposed, End,
    EndConsult, Ended, EndedBy, Enqueue, Expire, ExpireOffer, ExpireWrapUp, FailCause, FailOffer,
    FailTransfer, FollowUp, FollowUpDeferred, ForceClose, ForceRequeue, Forced, HandedOff, Handoff,
    Happened, Hold, LoseAgent, ManuallyTaken, MarkOffered, MatchRefused, Merge, Merged,
    OfferFailed, OfferMatch, OfferMoved, OfferRejected, OfferRescinded, OfferState, OfferView,
    Offered, Overflow, Overflowed, OwnerChanged, Park, Parked, PriorityChanged, QueueCause, Queued,
    ReceiveCarried, RejectOffer, Relax, Reopen, Reopened, Reprioritise, RequestCallback,
    RequeueCause, Requeued, RequirementsRelaxed, RescindCause, RescindOffer, Resume, RouteToBot,
    Sticky, SubState, TakeManually, TimelineEntry, TransferCold, TransferFailed, TransferRequested,
    Unpark, UnparkCause, Unparked, Until, WrapUpTimedOut,
};
pub use label::{
    AgentId, Channel, ConversationId, CustomerId, DecisionId, DispositionCode, Intent, MessageId,
    OfferId, PhoneNumber, Queue, Recipient, Skill,
};
pub use message::{
    CancelMessage, InboundStatus, InboundView, MarkSeen, MarkSent, Marks, MessageCancelled,
    MessageQueued, MessageReceived, MessageRetried, MessageSeen, MessageSent, MessageStatus,
    MessageStatusChanged, MessageView, OutboundView, Receipt, ReceiptAnomaly, ReceiptBuffered,
    ReceiptRecorded, ReceiptStatus, ReceiveMessage, RecipientView, RecordReceipt, RetryMessage,
    SendMessage,
};
pub use reaction::{
    AgentEvent, AgentMatched, AgentsToConversations, SlotActivated, SlotReleased,
    WrapUpAutoCompleted, WrapUpCompleted,
};
