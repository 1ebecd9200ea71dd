//! The agents context: who is at work, what each may still be given, and what each is working on.
//!
//! In: commands about presence, sessions, slots and wrap-ups. Out: the events that follow and
//! `AgentView`, the answer to a query. An agent's stream is the only lock on its capacity: whatever a
//! matcher has read, a slot is taken here or not at all. It never does I/O, reads a clock or knows
//! another context: what conversations publish is read by its schema.

mod agent;
mod reaction;

pub use agent::{
    ActivateSlot, AddQueues, Agent, AgentCommand, AgentEvent, AgentId, AgentMatched,
    AgentRejection, AgentState, AgentSummary, AgentView, BadLevel, BeginWrapUp, CapacityChanged,
    Channel, Choice, CompleteWrapUp, ConversationId, DecisionId, Device, DispositionCode,
    EndCooldown, EndSession, ExpireGrace, ExpireSession, ExpireSlot, ExpireWrapUp, ExtendWrapUp,
    GRACE_S, GraceExpired, Heartbeat, HoldSlot, Interruptions, InterruptionsChanged, Level,
    Limited, Link, LinkLost, LinkRestored, LoseLink, Match, NextPresenceSet, Notes, OfferId, Phase,
    PhaseName, Presence, PresenceCode, Queue, QueuesChanged, Reason, ReleaseCause, ReleaseSlot,
    RemoveQueues, ReserveSlot, ResumeSlot, RoutingResumed, RoutingSuspended, Session, SessionEnd,
    SessionEnded, SessionHeard, SessionId, SessionStarted, SetCapacity, SetInterruptions,
    SetPresence, SetQueues, SetSkills, Skill, SkillsChanged, Slot, SlotActivated, SlotHeld,
    SlotName, SlotReleased, SlotReserved, SlotResumed, Source, Standing, StartSession,
    SuspendRouting, Suspension, SuspensionReason, Unroutable, When, WrapUpAutoCompleted,
    WrapUpCompleted, WrapUpExtended, WrapUpStarted,
};
pub use reaction::{ConversationEvent, ConversationsToAgents};
