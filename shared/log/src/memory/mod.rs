//! Logs in the memory of one process, with the groups of a broker: for tests.

mod command_log;
mod event_log;
mod group;
mod topic;

#[cfg(test)]
mod tests;

pub use command_log::MemoryCommandLog;
pub use event_log::MemoryEventLog;
