//! Agents and conversations over HTTP only: what one side does, the other learns of by itself.

#![cfg(test)]

mod desk;
mod matching;
mod script;
mod trouble;
