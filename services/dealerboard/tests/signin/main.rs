//! Browsers that sign in, over real HTTP.

#![cfg(test)]

mod browser;
mod local;
mod refused;
