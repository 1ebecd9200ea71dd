//! The crate as an app sees it: every attack and every bound, over HTTP.

#![expect(
    clippy::unwrap_used,
    reason = "the lint's leave for tests ends at their helpers"
)]

mod attacks;
mod bodies;
mod completed;
mod edges;
mod issuer;
mod local_keys;
mod pages;
mod providers;
mod relying;
mod sockets;
mod tokens;
