//! What operators see of a running platform, and what two of them do about dead letters.

#![cfg(test)]

mod desk;
mod readings;
mod redriving;
mod theirs;
