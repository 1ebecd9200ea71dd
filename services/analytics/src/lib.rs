//! Analytics: the figures of a contact centre, as folds of its events.
//!
//! In: the events of the contexts `agents`, `conversations` and `queues`, in order within a stream and
//! in any order across streams. Out: reports, a live view of a queue, an agent's presence, and the Erlang
//! formulas. It never reads a clock, does I/O or knows another context's crate.

mod agent;
mod ask;
mod calendar;
mod cell;
mod cells;
mod conversation;
mod day;
mod desk;
pub mod erlang;
mod interval;
mod kept;
mod label;
mod live;
mod live_projection;
mod metrics;
mod names;
mod pairs;
mod presence;
mod question;
mod queue;
mod report;
mod schedule;
mod shards;
mod staffing;
#[cfg(test)]
mod tests;
mod window;

pub use agent::AgentEvent;
pub use ask::{Ask, Cube, Grain, ServiceLevel, Team};
pub use calendar::BusinessHours;
pub use conversation::ConversationEvent;
pub use kept::KeptMetrics;
pub use label::{AgentId, Channel, PresenceCode, QueueId};
pub use live::{Live, LiveAgents, LiveSettings, Today};
pub use live_projection::MetricsEvent;
pub use metrics::Metrics;
pub use presence::{Link, PresenceInterval, PresenceReport, PresenceTotal, Suspension};
pub use question::{AskAdherence, AskAgentFigures, AskFigures, AskStaffing, NO_QUEUE, READ};
pub use queue::QueueEvent;
pub use report::{
    AgentFigures, Figures, OfferFigures, QueuedBy, Ratio, Report, Row, ServiceLevels, Waits,
};
pub use schedule::{Activity, Adherence, Scheduled, Worked, adherence};
pub use staffing::with_shrinkage;
