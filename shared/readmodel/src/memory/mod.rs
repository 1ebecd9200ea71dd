//! In the memory of one process: for tests, and for a process that is the whole platform.

mod heartbeats;
mod rates;
mod read_model;
mod replies;
mod sessions;

pub use heartbeats::MemoryHeartbeats;
pub use rates::MemoryRates;
pub use read_model::MemoryReadModel;
pub use replies::MemoryReplies;
pub use sessions::MemorySessions;
