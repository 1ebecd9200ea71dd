//! Which light turns red for what, with which words, and what stays green.

#![cfg(test)]

mod anew;
mod away;
mod damage;
mod site;
mod standstills;
mod stopping;
