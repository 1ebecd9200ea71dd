//! Which light turns red for what, with which words, and what stays green.

#![cfg(test)]

mod away;
mod damage;
mod recreated;
mod site;
mod standstills;
mod stopping;
