//! What goes in comes out, once, for the right one.

#![cfg(test)]

mod desk;
mod identity;
mod interleaving;
mod kafka;
mod misplaced;
mod parking;
