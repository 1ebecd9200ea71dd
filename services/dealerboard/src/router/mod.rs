//! The router role: conversations that wait are matched with agents who can take them.
//!
//! The floor is read from the event topics and may be stale; a match is made by reserving a slot on
//! the agent's own stream at the version that was read, through the command log like everything else.

mod dispatcher;
mod duty;
mod matcher;
mod vigil;

pub(crate) use dispatcher::Dispatcher;
pub(crate) use duty::Duty;
pub(crate) use matcher::{Begun, Matched, Matcher, NoMatch};
pub(crate) use vigil::Vigil;
