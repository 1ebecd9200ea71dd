//! `dealerboard import` against running platforms: real trades go in, and every position is that of
//! an independent implementation.
//!
//! `DEALERBOARD_WHOLE_FILE=1` takes the whole sample file instead of its beginning.

#![cfg(test)]

mod agreement;
mod brokers;
mod formats;
mod mending;
mod narrowing;
mod oracle;
mod orders;
mod repeating;
mod site;
mod ties;
mod trouble;
