//! Event stores: Postgres for production, memory for tests. The embedded one lives in `sqlite`.
//!
//! In: encoded batches. Out: cursors, streams, outcomes. Knows no context and no broker.

pub mod postgres;

mod memory;

pub use memory::{MemoryEventStore, Trouble};
pub use postgres::PostgresEventStore;
