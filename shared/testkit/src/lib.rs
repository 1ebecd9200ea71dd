//! What tests of several crates share: one contract suite per port, and what the suites work with.

pub mod contract;

mod clock;
mod writer;

pub use clock::ManualClock;
pub use writer::Writer;
