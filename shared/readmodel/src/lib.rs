//! Adapters of the read model, of the replies, of the bindings of callers' keys, of heartbeats, of rates
//! and of sessions.
//!
//! In: batches of view values with their checkpoint, replies to commands, keys. Out: the same bytes.
//! They never fold an event, parse a body or choose between stores: that is the query chain's.

mod behind;
mod memory;
#[cfg(feature = "servers")]
mod postgres;
#[cfg(feature = "servers")]
mod redis;

pub use self::behind::WriteBehind;
pub use self::memory::{
    MemoryHeartbeats, MemoryRates, MemoryReadModel, MemoryReplies, MemorySessions,
};
#[cfg(feature = "servers")]
pub use self::postgres::{PostgresReadModel, SESSION};
#[cfg(feature = "servers")]
pub use self::redis::{
    RedisHeartbeats, RedisKeyBindings, RedisOptions, RedisRates, RedisReadModel, RedisReplies,
    RedisSessions,
};
