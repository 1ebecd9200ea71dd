//! Sums and differences of instants.

use kernel::Timestamp;

const SECOND: i64 = 1_000_000;

pub(crate) fn after_s(at: Timestamp, seconds: u32) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_add(i64::from(seconds) * SECOND))
}

pub(crate) fn before_s(at: Timestamp, seconds: u32) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_sub(i64::from(seconds) * SECOND))
}
