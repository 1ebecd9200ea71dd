//! Kafka against the contracts of its ports.

#![cfg(test)]

mod contracts;
