//! When a desk is open, so that a night does not count as a wait.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{BadParameter, Parameters, Timestamp};
use schemars::JsonSchema;
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct BusinessHours {
    /// Such as `mon-fri/08:00-18:00,sat/21:00-02:00`.
    hours: String,
    #[serde(serialize_with = "name_of")]
    #[schemars(with = "String")]
    zone: TimeZone,
    /// Days on which the desk does not open; a period that opened the day before continues.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(with = "BTreeSet<String>")]
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
mod tests;
