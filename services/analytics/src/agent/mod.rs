//! Agents as their time is counted.

mod event;
mod hours;
mod standing;
mod teams;

pub use event::AgentEvent;
pub(crate) use event::Presence;
pub(crate) use hours::{AgentHours, Hours, Wanted};
pub(crate) use standing::Phase;
