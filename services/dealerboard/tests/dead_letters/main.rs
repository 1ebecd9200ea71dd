//! Commands that cannot be handled, what is done about them, and the check of all that is stored.

#![cfg(test)]

mod corruption;
mod damage;
mod desk;
mod forge;
mod full;
mod holes;
mod kafka;
mod poison;
mod record;
mod redrive;
mod tampering;
