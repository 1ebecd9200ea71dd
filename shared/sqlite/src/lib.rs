//! Every port on one SQLite file: command log, event log, event store, snapshots, dead letters,
//! parked calls, timers and read model of a platform that is one process.
//!
//! In: what the ports take. Out: what they promise, once a group of callers shares one durable
//! commit. It never shares the file with a second process, and it keeps no second copy of an event:
//! the event log *is* the table of the events.

mod file;
mod headers;
mod installation;
mod tail;

mod command_log;
mod dead_letters;
mod event_log;
mod event_store;
mod fold_snapshots;
mod key_bindings;
mod outcomes;
mod parked_calls;
mod read_model;
mod scrub;
mod snapshots;
mod timers;

pub use file::{OpenError, SqliteFile};
pub use installation::installed_keys;
