//! Postgres against the contracts of its ports, and against the defects of the stock stores.

#![cfg(test)]

mod contracts;
mod damage;
mod databases;
mod defects;
mod limits;
mod migrating;
mod parked_calls;
mod trading;
mod unreachable;
