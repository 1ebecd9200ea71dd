//! What goes in comes out, once, for the right one.

#![cfg(test)]

mod bearers;
mod desk;
mod doors;
mod flood;
mod identity;
mod ids;
mod interleaving;
mod kafka;
mod misplaced;
mod ordinary;
mod parking;
mod refusals;
mod suspended;
