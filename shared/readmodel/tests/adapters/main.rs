//! The adapters against their contracts and against what servers do to them.

#![cfg(test)]

mod behind;
mod contracts;
mod postgres;
mod proxy;
mod redis_readiness;
mod redis_trouble;
mod servers;
mod unreachable;
