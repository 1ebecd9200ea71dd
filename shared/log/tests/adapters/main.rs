//! Kafka against the contracts of its ports, and against what others write into its topics.

#![cfg(test)]

mod codecs;
mod contracts;
mod headers;
mod raw;
mod site;
