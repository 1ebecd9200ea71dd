//! Commands that cannot be handled, what is done about them, and the check of all that is stored.

#![cfg(test)]

mod desk;
mod kafka;
mod poison;
mod record;
mod redrive;
mod tampering;
