//! What tests of several crates share: one contract suite per port, and what the suites work with.

pub mod contract;
pub mod keys;
pub mod platform;
pub mod process;
pub mod proxy;
pub mod servers;
pub mod topics;

mod clock;
mod eventually;
mod unrestricted;
mod writer;

pub use clock::ManualClock;
pub use eventually::eventually;
pub use unrestricted::Unrestricted;
pub use writer::Writer;
