//! Desks that a seed decides, for people who want something to look at and for comparison with theory.
//!
//! In: a seed. Out: the commands of the demo's desk, or of a day on the floor, through the command log
//! like everybody's. It reads what became of them from the events alone.

pub mod demo;
pub mod floor_day;

mod dice;
