//! Decisions: what each match was based on, and its result.

mod label;
mod record;

mod command;
mod event;
mod rejection;
mod route;

mod aggregate;
mod summary;
mod view;
mod why;

#[cfg(test)]
mod tests;

pub use aggregate::Decision;
pub use command::{DecisionCommand, LoseCandidate, RecordMatch, RecordUnmatched};
pub use event::{AgentChosen, CandidateLost, DecisionEvent, NobodyFound};
pub use label::RefusalCode;
pub use record::{Candidate, Exclusion, NAMED_MAX, RULES, Reason, Record, Terms, Turn};
pub use rejection::DecisionRejection;
pub use summary::{ChosenAgent, DecisionSummary, LostCandidate, Outcome};
pub use view::DecisionView;
