//! Whatever is read is as current as it says, whole where it says so, and keeps nobody else waiting.

#![cfg(test)]

mod age;
mod dear;
mod desk;
mod ledger;
mod outages;
mod parameters;
mod reader;
mod views;
