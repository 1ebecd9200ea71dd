//! Starting: what a process refuses to start on, what it says, and what it does when nobody listens.

#![cfg(test)]

mod embedded;
mod files;
mod installation;
mod keys;
mod lines;
mod pipes;
mod site;
mod tour;
