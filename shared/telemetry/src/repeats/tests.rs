//! Floods of lines, on a clock that only the test advances.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tracing::subscriber::with_default;
use tracing_log::log::{Level, Record};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use super::counts::{KINDS_MAX, LOGGED_MAX, PERIOD_FIRST, PERIOD_MAX};
use super::{Repeats, TARGET, Teller};
use crate::lines::Json;
use crate::written::Written;

/// A log of its own, and its clock.
struct Flood {
    repeats: Repeats,
    written: Written,
    now_ms: Arc<AtomicU64>,
}

impl Flood {
    fn new() -> Self {
        let now_ms = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now_ms);
        Self {
            repeats: Repeats::new(move || Duration::from_millis(clock.load(Ordering::Relaxed))),
            written: Written::default(),
            now_ms,
        }
    }

    fn pass(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// The lines that come out of what `log` logs.
    fn logged(&self, log: impl FnOnce()) -> Vec<Value> {
        let lines = fmt::layer()
            .event_format(Json)
            .with_writer(self.written.clone());
        let layers = tracing_subscriber::registry().with(self.repeats.clone());
        with_default(layers.with(lines), log);
        self.written.lines()
    }

    /// Counts that are due.
    fn due(&self) -> Vec<Value> {
        self.logged(|| self.repeats.tell_due())
    }
}

fn away(partition: u64) {
    tracing::warn!(partition, "reading pauses");
}

/// As a library that writes through the `log` crate.
fn says(text: &str) {
    let text = format_args!("{text}");
    let mut record = Record::builder();
    record.level(Level::Error).target("librdkafka").args(text);
    tracing_log::format_trace(&record.build()).unwrap();
}

#[test]
fn lines_of_a_kind_are_logged_at_first_and_counted_then() {
    let flood = Flood::new();
    let logged = flood.logged(|| (0..1_000).for_each(away));
    assert_eq!(logged.len(), LOGGED_MAX as usize);
    assert!(flood.due().is_empty());

    flood.pass(PERIOD_FIRST);
    let counts = flood.due();
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!(counts[0]["count"], 1_000 - u64::from(LOGGED_MAX));
    assert_eq!(counts[0]["seconds"], PERIOD_FIRST.as_secs());
    assert_eq!(counts[0]["level"], "WARN");
    assert_eq!(counts[0]["origin"], module_path!());
    assert_eq!(counts[0]["last"], "reading pauses partition=999");
    assert!(flood.due().is_empty(), "a count is logged once");
}

#[test]
fn every_line_of_a_flood_is_logged_or_in_a_count() {
    let flood = Flood::new();
    let (mut shown, mut counted) = (0, 0);
    let mut add = |lines: Vec<Value>| {
        for line in lines {
            match line["count"].as_u64() {
                Some(count) => counted += count,
                None => shown += 1,
            }
        }
    };
    for second in 0..600 {
        add(flood.logged(|| (0..second % 7).for_each(away)));
        flood.pass(Duration::from_secs(1));
        add(flood.due());
    }
    add(flood.logged(|| flood.repeats.tell_all()));
    let logged: u64 = (0..600).map(|second| second % 7).sum();
    assert_eq!(shown + counted, logged);
}

#[test]
fn kind_that_floods_for_ten_minutes_takes_few_lines() {
    let flood = Flood::new();
    let mut lines = 0;
    for _ in 0..6_000 {
        lines += flood.logged(|| (0..10).for_each(away)).len();
        flood.pass(Duration::from_millis(100));
        lines += flood.due().len();
    }
    assert!(lines <= 14, "{lines} lines");
}

#[test]
fn kinds_do_not_hide_each_other() {
    let flood = Flood::new();
    flood.logged(|| (0..100).for_each(away));
    let other = flood.logged(|| tracing::error!("role ended"));
    assert_eq!(other.len(), 1);
    assert_eq!(other[0]["message"], "role ended");
}

#[test]
fn kind_that_was_silent_for_long_is_new_again() {
    let flood = Flood::new();
    flood.logged(|| (0..100).for_each(away));
    flood.pass(PERIOD_FIRST);
    flood.due();
    flood.pass(PERIOD_MAX);
    assert_eq!(
        flood.logged(|| (0..100).for_each(away)).len(),
        LOGGED_MAX as usize
    );
}

#[test]
fn line_that_comes_seldom_is_logged_each_time() {
    let flood = Flood::new();
    for _ in 0..20 {
        assert_eq!(flood.logged(|| away(1)).len(), 1);
        flood.pass(PERIOD_FIRST);
        assert!(flood.due().is_empty());
    }
}

#[test]
fn what_is_no_trouble_is_never_counted() {
    let flood = Flood::new();
    let logged = flood.logged(|| {
        for _ in 0..100 {
            tracing::info!("asked to stop");
        }
    });
    assert_eq!(logged.len(), 100);
}

#[test]
fn kinds_beyond_the_bound_share_one_count_and_lose_nothing() {
    let flood = Flood::new();
    let name = |number: usize| -> String {
        let letters = format!("{number:03}").into_bytes();
        letters.iter().map(|digit| char::from(digit + 17)).collect()
    };
    let logged = flood.logged(|| (0..2 * KINDS_MAX).for_each(|number| says(&name(number))));
    let logged = logged.len();
    let counts = flood.logged(|| flood.repeats.tell_all());
    assert_eq!(counts.len(), 1, "{counts:?}");
    assert_eq!(counts[0]["origin"], "several");
    let counted = counts[0]["count"].as_u64().unwrap();
    assert_eq!(logged as u64 + counted, 2 * KINDS_MAX as u64);
}

#[test]
fn lines_of_a_library_that_differ_by_numbers_are_of_one_kind() {
    let flood = Flood::new();
    let logged = flood.logged(|| {
        (0..50).for_each(|n| says(&format!("127.0.0.1:{n}: refused after {n}ms")));
        says("127.0.0.1:1: authentication failed");
    });
    assert_eq!(logged.len(), LOGGED_MAX as usize + 1);
    assert_eq!(logged[0]["target"], "librdkafka");
    assert!(logged[0].get("log.line").is_none());
}

#[test]
fn counts_that_are_logged_are_not_counted_themselves() {
    let flood = Flood::new();
    let logged = flood.logged(|| {
        for _ in 0..100 {
            tracing::warn!(target: TARGET, "more lines of one kind");
        }
    });
    assert_eq!(logged.len(), 100);
}

#[test]
fn counts_not_yet_logged_are_logged_when_logging_ends() {
    let flood = Flood::new();
    let logged = flood.logged(|| {
        let teller = Teller::start(flood.repeats.clone()).unwrap();
        (0..100).for_each(away);
        drop(teller);
    });
    assert_eq!(logged.len(), LOGGED_MAX as usize + 1);
    assert_eq!(logged[2]["count"], 100 - u64::from(LOGGED_MAX));
}
