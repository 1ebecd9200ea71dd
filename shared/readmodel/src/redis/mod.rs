//! On Redis: shared by all instances, fast, and allowed to be lost.

mod heartbeats;
mod key_bindings;
mod keys;
mod link;
mod links;
mod rates;
mod read_model;
mod replies;
mod sessions;

pub use heartbeats::RedisHeartbeats;
pub use key_bindings::RedisKeyBindings;
pub use link::RedisOptions;
pub use rates::RedisRates;
pub use read_model::RedisReadModel;
pub use replies::RedisReplies;
pub use sessions::RedisSessions;

/// The dependency that every fault of this module names.
const REDIS: &str = "redis";
