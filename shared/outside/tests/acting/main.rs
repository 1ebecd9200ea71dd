//! Effects on a real file and a real HTTP service: what is called, what comes back, and what a crash
//! repeats.

#![cfg(test)]

mod adapter;
mod bounds;
mod calls;
mod crashes;
mod desk;
mod draws;
mod mending;
mod orders;
mod server;
