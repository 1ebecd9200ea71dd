//! The file against the contracts of its ports, against kills, against damage, and against many callers.

#![cfg(test)]

mod contracts;
mod damage;
mod durability;
mod files;
mod flips;
mod group_commit;
mod opening;
mod parked_calls;
