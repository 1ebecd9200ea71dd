//! Who may do what, asked of running platforms.

#![cfg(test)]

mod desk;
mod exported;
mod limits;
mod managed;
mod matrix;
mod members;
mod own;
mod policies;
mod probes;
mod quota;
mod tenant;
mod tenants;
