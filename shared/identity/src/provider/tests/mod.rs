//! What is fetched, how often, and how long it is trusted.

mod fetching;
mod stand_in;
mod trusting;
