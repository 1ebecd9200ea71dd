//! One agent: a chosen presence, a link to the devices they work at, and slots of work. The three
//! move on their own; what others see as one state is derived from them.

mod interruption;
mod label;
mod level;

mod presence;
mod session;
mod slot;
mod suspension;

mod command;
mod event;
mod rejection;

mod aggregate;
mod draft;
mod standing;

mod link_rules;
mod presence_rules;
mod profile_rules;
mod route;
mod slot_rules;
mod wrap_up_rules;

mod timers;

mod summary;
mod view;

#[cfg(test)]
mod tests;

pub use aggregate::Agent;
pub use command::{
    ActivateSlot, AddQueues, AgentCommand, BeginWrapUp, CompleteWrapUp, EndCooldown, EndSession,
    ExpireGrace, ExpireSession, ExpireSlot, ExpireWrapUp, ExtendWrapUp, Heartbeat, HoldSlot,
    LoseLink, Match, ReleaseSlot, RemoveQueues, ReserveSlot, ResumeSlot, SetCapacity,
    SetInterruptions, SetPresence, SetQueues, SetSkills, SlotName, StartSession, SuspendRouting,
    When,
};
pub use event::{
    AgentEvent, AgentMatched, CapacityChanged, GraceExpired, InterruptionsChanged, LinkLost,
    LinkRestored, NextPresenceSet, QueuesChanged, RoutingResumed, RoutingSuspended, SessionEnded,
    SessionHeard, SessionStarted, SkillsChanged, SlotActivated, SlotHeld, SlotReleased,
    SlotReserved, SlotResumed, WrapUpAutoCompleted, WrapUpCompleted, WrapUpExtended, WrapUpStarted,
};
pub use interruption::Interruptions;
pub use label::{
    AgentId, Channel, ConversationId, DecisionId, Device, DispositionCode, Notes, OfferId,
    PresenceCode, Queue, Reason, SessionId, Skill,
};
pub use level::{BadLevel, Level};
pub use presence::{Choice, Presence, Source};
pub use rejection::{AgentRejection, Limited};
pub use session::{GRACE_S, Link, Session, SessionEnd};
pub use slot::{Phase, PhaseName, ReleaseCause, Slot};
pub use standing::{Standing, Unroutable};
pub use summary::{AgentState, AgentSummary};
pub use suspension::{Suspension, SuspensionReason};
pub use view::AgentView;
