//! Kafka against the contracts of its ports, and against what others write into its topics.

#![cfg(test)]

mod codecs;
mod contracts;
mod damage;
mod groups;
mod headers;
mod raw;
mod recreated;
mod site;
mod topics;
