//! The demo day: a small desk that never stops trading, so that there is something to look at.
//!
//! Seed and number decide every command: a restart continues where the last run stopped, and whatever
//! it sends twice has the same id and changes nothing.

mod day;
mod task;
mod ticket;

pub use task::{Demo, DemoPorts, Speed};
