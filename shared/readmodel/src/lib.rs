//! Adapters of the read model and of the replies.
//!
//! In: batches of view values with their checkpoint, and replies to commands. Out: the same bytes.
//! They never fold an event, parse a body or choose between stores: that is the query chain's.

mod memory;
mod postgres;
mod redis;

pub use self::memory::{MemoryReadModel, MemoryReplies};
pub use self::postgres::{PostgresReadModel, SESSION};
pub use self::redis::{RedisOptions, RedisReadModel, RedisReplies};
