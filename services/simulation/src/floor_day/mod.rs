//! A day on the floor that only a seed decides, played through the real pipeline.
//!
//! Arrivals, patience and handle times are drawn before anything is sent; what the platform makes of
//! them, and when, is its own. Time runs faster by a factor: the queueing theory that a day is
//! compared with does not mind the unit.

mod comparison;
mod day;
mod happening;
mod player;
mod report;

pub use day::Day;
pub use player::{Player, Ports};
pub use report::Report;
