//! Days by the clocks of a zone, be they of 23 or of 25 hours.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::Timestamp;
use serde::Serializer;

/// When the day of the instant began.
pub(crate) fn day_began(at: Timestamp, zone: &TimeZone) -> Timestamp {
    let date = date_of(at, zone);
    date.and_then(|date| began(date, zone)).unwrap_or(at)
}

/// When the day began: the first instant of that date, as some zones skip midnight.
pub(crate) fn began(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let midnight = date.to_zoned(zone.clone()).ok()?;
    let began = midnight.start_of_day().ok()?.timestamp();
    Some(Timestamp::from_micros(began.as_microsecond()))
}

/// When each day began that did so after the one instant and before the other.
pub(crate) fn days_between(from: Timestamp, to: Timestamp, zone: &TimeZone) -> Vec<Timestamp> {
    let first = date_of(from, zone).into_iter();
    let dates = first.flat_map(|date| date.series(jiff::Span::new().days(1)));
    let days = dates.map_while(|date| began(date, zone));
    let days = days.skip_while(|began| *began <= from);
    days.take_while(|began| *began < to).collect()
}

pub(crate) fn date_of(at: Timestamp, zone: &TimeZone) -> Option<Date> {
    let at = jiff::Timestamp::from_microsecond(at.micros()).ok()?;
    Some(zone.to_datetime(at).date())
}

/// Writes the zone as its name.
pub(crate) fn name_of<S: Serializer>(zone: &TimeZone, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(zone.iana_name().unwrap_or("UTC"))
}

#[cfg(test)]
mod tests {
    use kernel::zone_named;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The clocks of New York go forward at 02:00 on 8 March 2026 and back at 02:00 on 1 November.
    #[test]
    fn day_begins_by_the_clocks_of_its_zone() {
        let new_york = zone_named("America/New_York").unwrap();
        for (now, began) in [
            ("2026-03-03T00:30:00Z", "2026-03-02T05:00:00Z"),
            ("2026-03-08T16:00:00Z", "2026-03-08T05:00:00Z"),
            ("2026-03-09T03:59:59Z", "2026-03-08T05:00:00Z"),
            ("2026-03-09T04:00:00Z", "2026-03-09T04:00:00Z"),
            ("2026-11-02T04:59:59Z", "2026-11-01T04:00:00Z"),
        ] {
            assert_eq!(day_began(at(now), &new_york), at(began), "{now}");
        }
        let now = at("2026-03-03T00:30:00Z");
        assert_eq!(day_began(now, &TimeZone::UTC), at("2026-03-03T00:00:00Z"));
    }

    /// On 6 September 2026 the clocks of Santiago go from 24:00 to 01:00.
    #[test]
    fn day_that_has_no_midnight_begins_an_hour_later() {
        let santiago = zone_named("America/Santiago").unwrap();
        let began = day_began(at("2026-09-06T12:00:00Z"), &santiago);
        assert_eq!(began, at("2026-09-06T04:00:00Z"));
    }

    /// Lengths in minutes of the days that begin in three; Lord Howe's clocks move half an hour.
    #[test]
    fn days_are_longer_or_shorter_where_the_clocks_change() {
        for (zone, from, minutes) in [
            (
                "America/New_York",
                "2026-03-07T05:00:00Z",
                [24 * 60, 23 * 60],
            ),
            (
                "America/New_York",
                "2026-10-31T04:00:00Z",
                [24 * 60, 25 * 60],
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-03T13:00:00Z",
                [24 * 60, 24 * 60 + 30],
            ),
            ("Europe/London", "2026-03-28T00:00:00Z", [24 * 60, 23 * 60]),
        ] {
            let (zone, from) = (zone_named(zone).unwrap(), at(from));
            let mut days = vec![from];
            days.extend(days_between(from, from.plus_millis(3 * 86_400_000), &zone));
            let lengths = days
                .windows(2)
                .map(|two| two[1].millis_since(two[0]) / 60_000);
            assert_eq!(lengths.take(2).collect::<Vec<_>>(), minutes, "{zone:?}");
        }
    }
}
