//! Live streams over HTTP: what a `GET` answers, as soon as it changes, and again after a cut.

#![cfg(test)]

mod answers;
mod changes;
mod permissions;
mod reader;
mod refusals;
