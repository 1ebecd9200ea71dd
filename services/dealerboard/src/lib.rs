//! The program: arguments, configuration, ports and roles around the pipeline.
//!
//! In: a configuration and a list of slices. Out: a process with any roles, and the commands of an
//! operator. What it runs stands in the crates of contexts and pipeline; here it is only wired.

pub mod slices;

pub mod documents;

pub mod config;
pub mod ports;
pub mod roles;

pub mod cli;
