//! Agents as their time is counted.

mod event;
mod hours;
mod standing;

pub use event::AgentEvent;
pub(crate) use event::Presence;
pub(crate) use hours::{AgentHours, Hours};
pub(crate) use standing::Phase;
