//! Dates and times of day as an instant, never by guess.

use anyhow::Context as _;
use jiff::civil::{Date, DateTime};
use jiff::fmt::strtime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use kernel::Timestamp;

/// What was declared of the times in a file.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// Of those that name none.
    pub(super) zone: Option<TimeZone>,
    /// How they are written, as `strptime` has it; ISO 8601 when not given. A format without a time
    /// of day means the day's first moment.
    pub(super) format: Option<String>,
}

impl Times {
    /// Reads an instant. One that is written with its offset can be read whatever was declared.
    pub(super) fn read(&self, text: &str) -> anyhow::Result<Timestamp> {
        if let Ok(at) = text.parse() {
            return Ok(at);
        }
        match &self.format {
            Some(format) => self.formatted(format, text),
            None => self.local(iso(text)?),
        }
    }

    fn formatted(&self, format: &str, text: &str) -> anyhow::Result<Timestamp> {
        let parsed = strtime::parse(format, text)
            .map_err(|error| anyhow::anyhow!("`{text}` is not like `{format}`: {error}"))?;
        if parsed.offset().is_some() || parsed.timestamp().is_some() {
            return Ok(instant(parsed.to_timestamp()?));
        }
        let time = parsed.to_datetime();
        self.local(time.map_err(|error| anyhow::anyhow!("`{text}`: {error}"))?)
    }

    fn local(&self, time: DateTime) -> anyhow::Result<Timestamp> {
        let zone = self.zone.as_ref();
        let zone = zone.with_context(|| format!("{time} names no offset: declare the --zone"))?;
        let name = zone.iana_name().unwrap_or("this zone");
        let found = zone.to_ambiguous_timestamp(time);
        match found.offset() {
            AmbiguousOffset::Unambiguous { .. } => Ok(instant(found.unambiguous()?)),
            AmbiguousOffset::Gap { .. } => anyhow::bail!(
                "{time} does not exist in {name}, where clocks were put forward: write the offset"
            ),
            AmbiguousOffset::Fold { before, after } => anyhow::bail!(
                "{time} is twice in {name}, where clocks were put back: write the offset, {before} or {after}"
            ),
        }
    }
}

fn instant(at: jiff::Timestamp) -> Timestamp {
    Timestamp::from_micros(at.as_microsecond())
}

/// ISO 8601 without an offset, with a blank for the `T` if need be.
fn iso(text: &str) -> anyhow::Result<DateTime> {
    anyhow::ensure!(
        text.parse::<Date>().is_err() || text.contains(':'),
        "`{text}` has no time of day: --date-format %Y-%m-%d declares the day's first moment"
    );
    // The library would pass over a zone in brackets.
    let time = (!text.contains('[')).then(|| text.parse().ok()).flatten();
    time.with_context(|| {
        format!(
            "`{text}` is not like 2013-10-07T08:00:00: declare what it is like by --date-format"
        )
    })
}

/// A zone by its name in the IANA database, such as `America/New_York`.
pub(super) fn zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Times, zone};

    fn times(zone_name: &str, format: &str) -> Times {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Times {
            zone: given(zone_name).map(|name| zone(&name).unwrap()),
            format: given(format),
        }
    }

    fn read(times: &Times, text: &str) -> Result<String, String> {
        let read = times.read(text).map(|at| at.to_string());
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn time_is_read_as_declared() {
        let cases = [
            ("", "", "2026-03-02T15:30:00Z", "2026-03-02T15:30:00Z"),
            (
                "",
                "",
                "2026-03-02T10:30:00.5-05:00",
                "2026-03-02T15:30:00.5Z",
            ),
            ("", "", "2026-03-02 10:30:00-05:00", "2026-03-02T15:30:00Z"),
            (
                "America/New_York",
                "",
                "2026-03-02T10:30:00",
                "2026-03-02T15:30:00Z",
            ),
            (
                "America/New_York",
                "",
                "2026-07-02 10:30:00",
                "2026-07-02T14:30:00Z",
            ),
            (
                "Europe/Berlin",
                "",
                "2026-03-02 16:30",
                "2026-03-02T15:30:00Z",
            ),
            (
                "Asia/Tokyo",
                "%d/%m/%Y %H:%M",
                "03/04/2026 09:00",
                "2026-04-03T00:00:00Z",
            ),
            ("UTC", "%m/%d/%Y", "03/04/2026", "2026-03-04T00:00:00Z"),
            (
                "UTC",
                "%Y%m%d;%H%M%S",
                "20260302;153000",
                "2026-03-02T15:30:00Z",
            ),
            (
                "",
                "%d.%m.%y %H:%M %z",
                "02.03.26 16:30 +0100",
                "2026-03-02T15:30:00Z",
            ),
            (
                "UTC",
                "%d %b %Y %I:%M %p",
                "2 Mar 2026 03:30 PM",
                "2026-03-02T15:30:00Z",
            ),
            (
                "UTC",
                "%m/%d/%Y",
                "2026-03-02T10:30:00-05:00",
                "2026-03-02T15:30:00Z",
            ),
        ];
        for (zone, format, text, at) in cases {
            let read = read(&times(zone, format), text);
            assert_eq!(read.as_deref(), Ok(at), "{text}");
        }
    }

    #[test]
    fn time_that_could_be_another_is_refused_with_the_reason() {
        let new_york = "America/New_York";
        let cases = [
            (
                "",
                "",
                "2026-03-02T10:30:00",
                "names no offset: declare the --zone",
            ),
            ("UTC", "", "03/04/2026 10:30", "by --date-format"),
            ("UTC", "", "03/04/2026", "by --date-format"),
            ("UTC", "", "2026-03-02", "has no time of day"),
            ("UTC", "", "20260302", "has no time of day"),
            (
                new_york,
                "",
                "2026-03-08T02:30:00",
                "does not exist in America/New_York",
            ),
            (
                new_york,
                "",
                "2026-11-01T01:30:00",
                "is twice in America/New_York",
            ),
            (
                new_york,
                "",
                "2026-11-01T01:30:00",
                "write the offset, -04 or -05",
            ),
            (
                new_york,
                "%m/%d/%Y %H:%M",
                "11/01/2026 01:30",
                "is twice in America/New_York",
            ),
            ("UTC", "%m/%d/%Y", "13/04/2026", "is not like `%m/%d/%Y`"),
            ("UTC", "%m/%d/%Y", "02/30/2026", "02/30/2026"),
            (
                "UTC",
                "",
                "2026-03-02T10:30:00[America/New_York]",
                "is not like",
            ),
            ("UTC", "", "", "is not like 2013-10-07T08:00:00"),
        ];
        for (zone, format, text, reason) in cases {
            let fault = read(&times(zone, format), text).unwrap_err();
            assert!(fault.contains(reason), "{text}: {fault}");
        }
    }
}
