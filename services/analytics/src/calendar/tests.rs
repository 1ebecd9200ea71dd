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
    let often = "mon/01:00-02:00,mon/03:00-04:00,mon/05:00-06:00,mon/07:00-08:00,mon/09:00-10:00";
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
