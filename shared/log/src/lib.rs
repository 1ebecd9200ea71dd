//! Command and event logs: Kafka for production, memory for tests. The embedded one lives in
//! `sqlite`.
//!
//! In: encoded records. Out: records of assigned partitions. Knows no context and no database.

pub mod kafka;

mod memory;

pub use kafka::{KafkaLog, KafkaSettings};
pub use memory::{MemoryCommandLog, MemoryEventLog};
