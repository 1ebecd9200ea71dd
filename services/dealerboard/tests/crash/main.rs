//! The platform on real servers, killed, frozen and cut off: whatever happens on the way, the same
//! commands end in the same events and the same views.

#![cfg(test)]

mod absent;
mod embedded;
mod kills;
mod outages;
mod owners;
mod panics;
mod points;
mod site;
mod state;
mod workload;
