//! Live projections that start again and again, on every store: with snapshots, with wrong ones and
//! without, what they come to is the same; and with one that holds only the tail is read.

#![cfg(test)]

mod harm;
mod killed;
mod proof;
mod site;
mod tail;
