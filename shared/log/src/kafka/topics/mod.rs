//! The topics of a context: made, and kept as they must be.

mod admin;
mod checked;
mod created;
mod settings;

pub(super) use admin::Admin;
pub(super) use checked::unsafe_topics;
pub use created::{TopicSettings, create_topics};
