//! Matching: conversations that wait are matched with agents who can take them. The one crate that sees
//! agents, conversations and routing together.
//!
//! In: the floor, folded from the event topics and possibly stale. Out: reservations on the agents' own
//! streams at the version that was read, through the command log; and the routes and checks that need
//! several contexts at once. It never reads a database.

mod matcher;

mod dispatcher;
mod duty;
mod vigil;

mod catalogue;
mod heartbeats;

mod decisions;
mod live_queue;
mod matches;

mod metric;
mod slots;

pub use catalogue::{CheckQueues, UnknownQueues};
pub use decisions::DecisionOfAgent;
pub use dispatcher::Dispatcher;
pub use duty::Duty;
pub use heartbeats::{NoteHeartbeats, Pulse};
pub use live_queue::LiveQueue;
pub use matcher::{Begun, Matched, Matcher, NoMatch, Offer};
pub use matches::MatchConversation;
pub use metric::{describe_metrics, gauge};
pub use slots::Slots;
pub use vigil::Vigil;
