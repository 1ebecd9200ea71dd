//! One queue: how it is served, and whether an agent is there to serve it.

mod command;
mod event;
mod rejection;
mod route;
mod rules;

mod aggregate;
mod summary;
mod view;

#[cfg(test)]
mod tests;

pub use aggregate::Queue;
pub use command::{NewSettings, QueueCommand, ReportServed, ReportStarved};
pub use event::{QueueConfigured, QueueEvent, QueueServed, QueueStarved};
pub use rejection::QueueRejection;
pub use summary::{QueueSummary, Starvation};
pub use view::QueueView;
