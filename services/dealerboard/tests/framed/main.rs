//! A platform with a schema registry: what it writes is framed, and it reads framed and bare alike.

#![cfg(test)]

mod outage;
mod site;
mod topic;
mod wire;
