//! Which stretch of time a question is about.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use kernel::{BadParameter, Parameters, Timestamp};

use crate::day::{began, day_began};
use crate::interval::{INTERVALS_OF_DAY, INTERVALS_OF_HOUR, interval_from, interval_of, start_of};

/// Intervals a report may span: 31 days, one of which may have 25 hours.
const INTERVALS_MAX: i64 = 31 * INTERVALS_OF_DAY + INTERVALS_OF_HOUR;

/// First moment and the one after, both of whole intervals: the day that is named, or from one instant
/// to another, or the day of the zone until now.
pub(crate) fn window(
    parameters: &Parameters,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<(Timestamp, Timestamp), BadParameter> {
    let (from, to) = match parameters.get("day") {
        Some(day) => of_day(day, parameters, zone)?,
        None => from_to(parameters, now, zone)?,
    };
    check(from, to)?;
    Ok((start_of(from), start_of(to)))
}

fn of_day(day: &str, parameters: &Parameters, zone: &TimeZone) -> Result<(i64, i64), BadParameter> {
    if parameters.get("from").is_some() || parameters.get("to").is_some() {
        return Err(bad("day", "names the window, and so do `from` and `to`"));
    }
    let malformed = || bad("day", "is not a day such as 2026-03-08");
    let date: Date = day.parse().map_err(|_| malformed())?;
    let first = |date| began(date, zone).map(interval_of).ok_or_else(malformed);
    let next = date.tomorrow().map_err(|_| malformed())?;
    Ok((first(date)?, first(next)?))
}

fn from_to(
    parameters: &Parameters,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<(i64, i64), BadParameter> {
    let day = interval_of(day_began(now, zone));
    let from = parameters.read::<Timestamp>("from")?;
    let to = parameters.read::<Timestamp>("to")?;
    // Today has at least begun.
    let to = to.map_or_else(|| interval_from(now).max(day + 1), interval_from);
    Ok((from.map_or(day, interval_of), to))
}

fn check(from: i64, to: i64) -> Result<(), BadParameter> {
    match to.saturating_sub(from) {
        ..=0 => Err(bad("to", "is not after `from`")),
        1..=INTERVALS_MAX => Ok(()),
        _ => Err(bad("to", "is more than 31 days after `from`")),
    }
}

fn bad(name: &'static str, reason: &str) -> BadParameter {
    BadParameter {
        name,
        reason: reason.to_owned(),
    }
}
