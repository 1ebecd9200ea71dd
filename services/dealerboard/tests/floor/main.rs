//! Agents and conversations over HTTP only: what one side does, the other learns of by itself.

#![cfg(test)]

mod customers;
mod day;
mod desk;
mod figures;
mod matching;
mod race;
mod script;
mod sessions;
mod trouble;
mod why;
