//! Starting: what a process refuses to start on, what it prints, and what it does without a reader.

#![cfg(test)]

mod embedded;
mod files;
mod folds;
mod installation;
mod keys;
mod lines;
mod pipes;
mod site;
mod tour;
