//! Routing: which agent is asked for which conversation, and why.
//!
//! In: the events of agents, conversations and queues. Out: the settings of queues, the plan of a
//! match and the record of why it came out so. The floor is only a live projection of the events: an agent's
//! own stream is the lock on its capacity, whatever is planned here.

mod label;
mod settings;

mod decision;
mod queue;
mod reaction;

pub mod floor;
mod live_projection;
mod plan;
mod question;

pub use decision::{
    AgentChosen, Candidate, CandidateLost, ChosenAgent, Decision, DecisionCommand, DecisionEvent,
    DecisionRejection, DecisionSummary, DecisionView, Exclusion, LoseCandidate, LostCandidate,
    NAMED_MAX, NobodyFound, Outcome, RULES, Reason, Record, RecordMatch, RecordUnmatched,
    RefusalCode, Terms, Turn,
};
pub use floor::{Due, Floor, FloorEvent, FloorView, LiveOffer, QueueFigures};
pub use label::{AgentId, Channel, ConversationId, DecisionId, Intent, OfferId, QueueId, Skill};
pub use plan::{ASKED_MAX, Plan, Unmatchable};
pub use question::AskFloor;
pub use queue::{
    NewSettings, Queue, QueueCommand, QueueConfigured, QueueEvent, QueueRejection, QueueServed,
    QueueStarved, QueueSummary, QueueView, ReportServed, ReportStarved, Starvation,
};
pub use reaction::MatchesToDecisions;
pub use settings::{Order, Overflow, QueueSettings, Relaxation, ServiceLevel, Strategy};
