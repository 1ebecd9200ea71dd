//! The file against the contracts of its ports, against kills, and against many callers.

#![cfg(test)]

mod contracts;
mod durability;
mod files;
mod group_commit;
mod opening;
