//! Processors that start cold again and again, on every store: with snapshots, with wrong ones and
//! without, what they make of the same commands is the same, byte by byte.

#![cfg(test)]

mod cold;
mod current;
mod damaged;
mod defects;
mod desk;
mod fallback;
mod harm;
mod queries;
mod stores;
