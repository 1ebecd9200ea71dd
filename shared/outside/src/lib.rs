//! Adapters of what effects call beyond the platform.
//!
//! In: a call and its idempotency key. Out: an answer, or why there is none. They never retry, keep
//! nothing, and know no effect and no context: tries, deadlines and order are the pipeline's.

mod http;

pub use http::HttpOutside;
