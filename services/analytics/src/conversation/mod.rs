//! Conversations as they are counted.

mod event;
mod fold;
mod ledger;
mod open;
mod response;

pub use event::ConversationEvent;
pub(crate) use event::QueueCause;
pub(crate) use ledger::{Closed, Contact, Ledger, Origin};
pub(crate) use open::{Fate, Open, Stage};
