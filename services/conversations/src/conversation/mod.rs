//! One conversation, from its opening to its last episode's end.
//!
//! `CREATED → BOT → QUEUED → OFFERED → ACTIVE → WRAP_UP → CLOSED`, with `PARKED` aside and a way back
//! to the queue from nearly everywhere. Each run from the queue to the end is an episode.

mod carried;
mod command;
mod event;
mod offer_event;
mod rejection;

mod aggregate;
mod carrying;
mod customer;
mod ending;
mod facts;
mod fold;
mod follow_up;
mod handling;
mod moment;
mod offering;
mod queueing;
mod route;
mod stage;
mod timers;

mod clock;
mod summary;
mod view;

#[cfg(test)]
mod tests;

pub use aggregate::Conversation;
pub use carried::{Carried, CarriedOver, CarriedRequest, Continued};
pub use clock::Clocks;
pub use command::{
    AcceptOffer, Cancel, CompleteTransfer, CompleteWrapUp, Conference, ConnectOffer, Consult,
    Contain, ConversationCommand, Create, CustomerLeft, End, EndConsult, Enqueue, Expire,
    ExpireOffer, ExpireWrapUp, FailOffer, FailTransfer, ForceClose, ForceRequeue, Handoff, Hold,
    LoseAgent, MarkOffered, Merge, OfferMatch, Overflow, Park, ReceiveCarried, RejectOffer, Relax,
    Reopen, Reprioritise, RequestCallback, RescindOffer, Resume, RouteToBot, TakeManually,
    TransferCold, Unpark,
};
pub use event::{
    Abandoned, AgentActed, AgentLeft, CallbackRequested, Cancelled, Connected, ConsultStarted,
    ConversationCreated, ConversationEvent, Disposed, Ended, EndedBy, Forced, HandedOff, Happened,
    ManuallyTaken, Merged, Overflowed, OwnerChanged, Parked, PriorityChanged, QueueCause, Queued,
    Reopened, RequeueCause, Requeued, RequirementsRelaxed, Sticky, TransferFailed,
    TransferRequested, UnparkCause, Unparked, WrapUpTimedOut,
};
pub use follow_up::{Callback, FollowUp, FollowUpDeferred, Until};
pub use offer_event::{
    FailCause, MatchRefused, OfferFailed, OfferMoved, OfferRejected, OfferRescinded, Offered,
    RescindCause,
};
pub use rejection::ConversationRejection;
pub use stage::{CloseReason, ConversationState};
pub use summary::{ConversationSummary, OfferState, OfferView, SubState, TimelineEntry};
pub use view::ConversationView;

pub(crate) use moment::Moment;
