//! When a desk is open, so that a night does not count as a wait.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{BadParameter, Parameters, Timestamp};
use serde::Serialize;

use crate::day::{date_of, name_of};
use crate::interval::micros_between;

/// Minutes of a day; 24:00 is its end.
const DAY_MINUTES: u16 = 24 * 60;
const HOLIDAYS_MAX: usize = 366;
/// Times a day at which the desk may open.
const SPANS_MAX: usize = 4;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The hours of a week by the clocks of one time zone, holidays taken out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BusinessHours {
    /// Such as `mon-fri/08:00-18:00,sat/21:00-02:00`.
    hours: String,
    #[serde(serialize_with = "name_of")]
    zone: TimeZone,
    /// Days on which the desk does not open; what opened the day before goes on.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    holidays: BTreeSet<Date>,
    /// From Monday on; spans by the day on which they open, in order, none into another.
    #[serde(skip)]
    week: [Vec<Span>; 7],
}

/// Minutes since the day began on which it opens; it may close on the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    opens: u16,
    closes: u16,
}

impl BusinessHours {
    /// Nothing where the question names no hours.
    pub(crate) fn read(
        parameters: &Parameters,
        zone: &TimeZone,
    ) -> Result<Option<Self>, BadParameter> {
        let Some(hours) = parameters.get("business_hours") else {
            let needless = parameters.get("holidays");
            return needless.map_or(Ok(None), |_| {
                Err(bad("holidays", "says nothing without `business_hours`"))
            });
        };
        Ok(Some(Self {
            week: week(hours)?,
            hours: hours.to_owned(),
            zone: zone.clone(),
            holidays: holidays(parameters.get("holidays"))?,
        }))
    }

    /// Microseconds between the two in which the desk was open.
    pub(crate) fn micros(&self, from: Timestamp, to: Timestamp) -> u64 {
        let (Some(first), Some(last)) = (date_of(from, &self.zone), date_of(to, &self.zone)) else {
            return 0;
        };
        // What opened the day before may still be open.
        let before = first.yesterday().unwrap_or(first);
        let days = before.series(jiff::Span::new().days(1));
        let open = days
            .take_while(|day| *day <= last)
            .filter(|day| !self.holidays.contains(day));
        let spans = open.flat_map(|day| {
            let weekday = usize::from(day.weekday().to_monday_zero_offset().unsigned_abs());
            self.week[weekday].iter().map(move |span| (day, *span))
        });
        // Where the clocks skip an hour, one span may end after the next has begun.
        let mut counted_to = from;
        let open = spans.filter_map(|(day, span)| {
            let opens = self.instant(day, span.opens)?.max(counted_to);
            let closes = self.instant(day, span.closes)?.min(to);
            counted_to = counted_to.max(closes);
            Some(micros_between(opens, closes))
        });
        open.sum()
    }

    /// A time that the clocks skip is the one after; of two that are alike, the first.
    fn instant(&self, day: Date, minute: u16) -> Option<Timestamp> {
        let (day, minute) = match minute.checked_sub(DAY_MINUTES) {
            Some(minute) => (day.tomorrow().ok()?, minute),
            None => (day, minute),
        };
        let (hour, minute) = (i8::try_from(minute / 60), i8::try_from(minute % 60));
        let civil = day.at(hour.ok()?, minute.ok()?, 0, 0);
        let at = self.zone.to_timestamp(civil).ok()?;
        Some(Timestamp::from_micros(at.as_microsecond()))
    }
}

fn bad(name: &'static str, reason: impl Into<String>) -> BadParameter {
    BadParameter {
        name,
        reason: reason.into(),
    }
}

fn holidays(days: Option<&str>) -> Result<BTreeSet<Date>, BadParameter> {
    let days = days.into_iter().flat_map(|days| days.split(','));
    let days: Result<BTreeSet<Date>, _> = days.map(str::parse).collect();
    let days = days.map_err(|_| bad("holidays", "is not a list of days such as 2026-12-25"))?;
    if days.len() > HOLIDAYS_MAX {
        let reason = format!("names more than {HOLIDAYS_MAX} days");
        return Err(bad("holidays", reason));
    }
    Ok(days)
}

fn week(hours: &str) -> Result<[Vec<Span>; 7], BadParameter> {
    let mut week: [Vec<Span>; 7] = Default::default();
    for part in hours.split(',') {
        let (days, span) = part_of(part).ok_or_else(|| {
            let reason = format!(
                "has `{part}`, which is not like `mon-fri/08:00-18:00`, or `sat/21:00-02:00` past midnight"
            );
            bad("business_hours", reason)
        })?;
        for day in &mut week[days] {
            day.push(span);
        }
    }
    for spans in &mut week {
        spans.sort_unstable();
        if spans.len() > SPANS_MAX {
            let reason = format!("opens more than {SPANS_MAX} times a day");
            return Err(bad("business_hours", reason));
        }
    }
    if overlaps(&week) {
        return Err(bad("business_hours", "names the same time twice"));
    }
    Ok(week)
}

/// Whether a span begins before the one before it has ended, be it on the day before.
fn overlaps(week: &[Vec<Span>; 7]) -> bool {
    let next = week.iter().cycle().skip(1);
    week.iter().zip(next).any(|(day, next)| {
        let tomorrow = next.first().map(|span| Span {
            opens: span.opens + DAY_MINUTES,
            closes: span.closes + DAY_MINUTES,
        });
        let spans: Vec<_> = day.iter().copied().chain(tomorrow).collect();
        spans.windows(2).any(|pair| pair[1].opens < pair[0].closes)
    })
}

fn part_of(text: &str) -> Option<(std::ops::RangeInclusive<usize>, Span)> {
    let (days, hours) = text.split_once('/')?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let (first, last) = (day_of(first)?, day_of(last)?);
    let (opens, closes) = hours.split_once('-')?;
    let (opens, closes) = (minute_of(opens)?, minute_of(closes)?);
    let closes = if closes < opens {
        closes + DAY_MINUTES
    } else {
        closes
    };
    let is_forward = first <= last && opens < closes && opens < DAY_MINUTES;
    is_forward.then_some((first..=last, Span { opens, closes }))
}

fn day_of(name: &str) -> Option<usize> {
    DAYS.iter().position(|day| *day == name)
}

fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let is_two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_two(hour) || !is_two(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let minutes = hour * 60 + minute;
    (minute < 60 && minutes <= DAY_MINUTES).then_some(minutes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(query: &[(&str, &str)]) -> Result<BusinessHours, BadParameter> {
        let pairs = query
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let parameters = Parameters(pairs.collect());
        let zone = kernel::zone_named(parameters.get("zone").unwrap_or("UTC"));
        BusinessHours::read(&parameters, &zone.unwrap()).map(Option::unwrap)
    }

    fn week_of(text: &str) -> BusinessHours {
        hours(&[("business_hours", text)]).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn open_minutes(hours: &BusinessHours, from: &str, to: &str) -> u64 {
        hours.micros(at(from), at(to)) / 60_000_000
    }

    /// 2 March 2026 is a Monday.
    #[test]
    fn nights_and_weekends_do_not_count() {
        let hours = week_of("mon-fri/08:00-18:00,sat/09:00-13:00");
        let open = |from, to| open_minutes(&hours, from, to);
        assert_eq!(open("2026-03-02T07:00:00Z", "2026-03-02T08:30:00Z"), 30);
        assert_eq!(open("2026-03-02T17:50:00Z", "2026-03-03T08:10:00Z"), 20);
        assert_eq!(
            open("2026-03-06T17:00:00Z", "2026-03-09T09:00:00Z"),
            60 + 240 + 60
        );
        assert_eq!(open("2026-03-08T00:00:00Z", "2026-03-08T23:00:00Z"), 0);
        assert_eq!(open("2026-03-03T12:00:00Z", "2026-03-02T12:00:00Z"), 0);
    }

    /// Desks that deal with the other side of the world.
    #[test]
    fn desk_may_close_after_midnight() {
        let query = [
            ("business_hours", "mon-sun/21:00-02:00"),
            ("zone", "America/New_York"),
        ];
        let new_york = hours(&query).unwrap();
        let open = |from, to| open_minutes(&new_york, from, to);
        // 23:00 to 01:00 there.
        assert_eq!(open("2026-03-03T04:00:00Z", "2026-03-03T06:00:00Z"), 120);
        assert_eq!(open("2026-03-03T06:00:00Z", "2026-03-04T03:00:00Z"), 120);
        let query = [
            (
                "business_hours",
                "fri/21:00-02:00,sun/22:00-24:00,mon/00:00-01:00",
            ),
            ("holidays", "2026-03-07"),
        ];
        let hours = hours(&query).unwrap();
        let open = |from, to| open_minutes(&hours, from, to);
        // The holiday's own night did not open; Friday's went on.
        assert_eq!(open("2026-03-06T00:00:00Z", "2026-03-08T00:00:00Z"), 5 * 60);
        assert_eq!(open("2026-03-08T00:00:00Z", "2026-03-10T00:00:00Z"), 3 * 60);
    }

    /// The clocks of New York go forward at 02:00 on 8 March 2026 and back at 02:00 on 1 November.
    #[test]
    fn nights_in_which_the_clocks_change_are_shorter_or_longer() {
        let query = [
            ("business_hours", "sat/22:00-06:00"),
            ("zone", "America/New_York"),
        ];
        let hours = hours(&query).unwrap();
        let open = |from, to| open_minutes(&hours, from, to);
        assert_eq!(open("2026-03-07T00:00:00Z", "2026-03-09T00:00:00Z"), 7 * 60);
        assert_eq!(open("2026-10-31T00:00:00Z", "2026-11-02T00:00:00Z"), 9 * 60);
    }

    #[test]
    fn holidays_do_not_count() {
        let query = [
            ("business_hours", "mon-fri/08:00-18:00"),
            ("holidays", "2026-03-03"),
        ];
        let hours = hours(&query).unwrap();
        let open = open_minutes(&hours, "2026-03-02T17:00:00Z", "2026-03-04T09:00:00Z");
        assert_eq!(open, 120);
    }

    /// London springs forward at 01:00 on 29 March 2026, a Sunday.
    #[test]
    fn hours_are_those_of_the_zones_clocks() {
        let query = [
            ("business_hours", "sun-sun/00:00-24:00,mon/09:00-10:00"),
            ("zone", "Europe/London"),
        ];
        let hours = hours(&query).unwrap();
        let open = |from, to| open_minutes(&hours, from, to);
        assert_eq!(
            open("2026-03-28T12:00:00Z", "2026-03-29T23:00:00Z"),
            23 * 60
        );
        assert_eq!(open("2026-03-30T07:00:00Z", "2026-03-30T08:30:00Z"), 30);
        assert_eq!(open("2026-03-23T07:00:00Z", "2026-03-23T09:30:00Z"), 30);
    }

    #[test]
    fn what_is_no_calendar_is_refused() {
        let refused = |query: &[(&str, &str)]| hours(query).unwrap_err().to_string();
        for text in [
            "",
            "mon",
            "mon/8:00-18:00",
            "fri-mon/08:00-18:00",
            "mon/08:00-08:00",
            "mon/24:00-02:00",
            "mon/08:00-24:01",
        ] {
            let error = refused(&[("business_hours", text)]);
            assert!(error.contains("is not like"), "{text}: {error}");
        }
        let twice = refused(&[("business_hours", "mon-fri/08:00-18:00,fri/17:00-19:00")]);
        assert!(twice.contains("the same time twice"), "{twice}");
        for past_midnight in [
            "mon/21:00-02:00,tue/01:00-03:00",
            "mon-sun/21:00-02:00,mon/01:59-03:00",
            "mon/09:00-23:00,mon/22:00-01:00",
        ] {
            let twice = refused(&[("business_hours", past_midnight)]);
            assert!(twice.contains("the same time twice"), "{twice}");
        }
        let often =
            "mon/01:00-02:00,mon/03:00-04:00,mon/05:00-06:00,mon/07:00-08:00,mon/09:00-10:00";
        let often = refused(&[("business_hours", often)]);
        assert!(often.contains("more than 4 times"), "{often}");
        let open = ("business_hours", "mon/08:00-18:00");
        assert!(refused(&[open, ("holidays", "25.12.2026")]).contains("2026-12-25"));
        let holidays = ("holidays".into(), "2026-12-25".into());
        let needless = BusinessHours::read(&Parameters(vec![holidays]), &TimeZone::UTC);
        assert!(
            needless
                .unwrap_err()
                .to_string()
                .contains("without `business_hours`")
        );
    }

    /// The hour from 01:00 to 02:00 is not there on that day.
    #[test]
    fn hour_that_the_clocks_skip_counts_once() {
        let week = "sun/01:00-01:30,sun/02:00-03:00";
        let hours = hours(&[("business_hours", week), ("zone", "Europe/London")]).unwrap();
        let open = open_minutes(&hours, "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z");
        assert_eq!(open, 60);
    }

    proptest! {
        /// A span cut anywhere comes to the same, a desk that never closes to the whole of it.
        #[test]
        fn open_time_adds_up(
            from in 0_i64..4_000_000_000,
            first in 0_i64..3_000_000,
            second in 0_i64..3_000_000,
        ) {
            let instant = |second: i64| Timestamp::from_micros(second * 1_000_000);
            let [from, cut, to] = [from, from + first, from + first + second].map(instant);
            for zone in ["UTC", "America/New_York", "Australia/Lord_Howe"] {
                let of = |week| hours(&[("business_hours", week), ("zone", zone)]).unwrap();
                let some = of("mon-fri/08:00-18:30,sat-sun/00:00-01:30,sun/01:30-02:15,sun/02:15-24:00");
                let parts = some.micros(from, cut) + some.micros(cut, to);
                prop_assert_eq!(some.micros(from, to), parts);
                for always in ["mon-sun/00:00-02:15,mon-sun/02:15-24:00", "mon-sun/20:00-04:00,mon-sun/04:00-20:00"] {
                    prop_assert_eq!(of(always).micros(from, to), micros_between(from, to));
                }
            }
        }
    }
}
