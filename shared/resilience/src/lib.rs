//! The layers between us and a dependency: deadline, retry, breaker, timeout, bulkhead.
//!
//! In: an operation on Redis, Postgres, Kafka or an external service. Out: its answer, or an error
//! that names what refused and when to come again. It never spawns a task, reads the wall clock or
//! draws randomness of its own: time comes from [`Monotonic`], jitter from a seed.

#![warn(missing_docs)]

mod breaker;
mod bulkhead;
mod deadline;
mod dependency;
mod retry;
mod single_flight;

mod classify;
mod clock;
mod config;
mod jitter;
mod metric;
mod refused;
mod waits;

pub use breaker::{
    Breaker, BreakerConfig, BreakerSnapshot, Mode, Moved, Permit, Refused, State, Transition,
    WindowSpan,
};
pub use bulkhead::{Bulkhead, BulkheadConfig, Full, Place};
pub use classify::{Classified, Verdict};
pub use clock::{Monotonic, TokioClock};
pub use config::InvalidConfig;
pub use deadline::Deadline;
pub use dependency::{CallError, Dependency, DependencyConfig, LastFailure, Name, Seams};
pub use metric::describe_metrics;
pub use refused::unless_refused;
pub use retry::{RetryBudget, RetryConfig};
pub use single_flight::SingleFlight;
pub use waits::Waits;
