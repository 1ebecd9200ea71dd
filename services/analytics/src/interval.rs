//! Quarters of an hour since the Unix epoch, and durations in whole microseconds.

use kernel::Timestamp;

/// Microseconds in an interval: 15 minutes.
pub(crate) const INTERVAL_MICROS: i64 = 900_000_000;

pub(crate) const INTERVALS_OF_HOUR: i64 = 4;
pub(crate) const INTERVALS_OF_DAY: i64 = 24 * INTERVALS_OF_HOUR;

/// The interval an instant lies in; its first microsecond belongs to it.
pub(crate) fn interval_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(INTERVAL_MICROS)
}

pub(crate) fn start_of(interval: i64) -> Timestamp {
    Timestamp::from_micros(interval.saturating_mul(INTERVAL_MICROS))
}

/// The first interval that begins at or after the instant.
pub(crate) fn interval_from(at: Timestamp) -> i64 {
    let interval = interval_of(at);
    if start_of(interval) < at {
        interval + 1
    } else {
        interval
    }
}

/// 0 when `end` is before `start`.
pub(crate) fn micros_between(start: Timestamp, end: Timestamp) -> u64 {
    u64::try_from(end.micros().saturating_sub(start.micros())).unwrap_or(0)
}

/// Cuts a span at the borders of intervals; the parts add up to the whole.
pub(crate) fn split(from: Timestamp, to: Timestamp, mut each: impl FnMut(i64, u64)) {
    let mut start = from;
    while start < to {
        let interval = interval_of(start);
        let end = start_of(interval + 1).min(to);
        // At the end of time there is no next interval.
        if end <= start {
            return;
        }
        each(interval, micros_between(start, end));
        start = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn border_belongs_to_what_begins_there() {
        let border = Timestamp::from_micros(INTERVAL_MICROS);
        assert_eq!(interval_of(border), 1);
        assert_eq!(interval_from(border), 1);
        let after = Timestamp::from_micros(INTERVAL_MICROS + 1);
        assert_eq!((interval_of(after), interval_from(after)), (1, 2));
        assert_eq!(interval_of(Timestamp::from_micros(-1)), -1);
    }

    proptest! {
        #[test]
        fn parts_add_up_to_the_whole(from in -10_000_000_000i64..10_000_000_000, length in 0i64..20_000_000_000) {
            let (from, to) = (Timestamp::from_micros(from), Timestamp::from_micros(from + length));
            let mut parts = vec![];
            split(from, to, |interval, micros| parts.push((interval, micros)));
            prop_assert_eq!(parts.iter().map(|(_, micros)| micros).sum::<u64>(), micros_between(from, to));
            prop_assert!(parts.iter().all(|(_, micros)| *micros > 0 && *micros <= INTERVAL_MICROS.unsigned_abs()));
            prop_assert!(parts.windows(2).all(|two| two[0].0 + 1 == two[1].0));
        }
    }
}
