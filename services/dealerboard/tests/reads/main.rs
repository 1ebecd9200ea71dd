//! Every answer is as current and as whole as it claims, and delays no other.

#![cfg(test)]

mod age;
mod desk;
mod expensive;
mod ledger;
mod outages;
mod parameters;
mod reader;
mod routes;
mod views;
