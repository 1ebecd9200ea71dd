//! A reader who asks for many keys and for all lists, and checks every answer; and a writer beside
//! it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::Value;

use crate::desk::{Caller, age};
use crate::ledger::Ledger;

/// Keys that are written to and asked for.
const TRADES: usize = 200;
const PAUSE: Duration = Duration::from_millis(5);

/// What a reader has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) values: usize,
    pub(crate) refused: usize,
    pub(crate) lists: usize,
    pub(crate) whole: usize,
    pub(crate) oldest_s: u64,
}

fn trade(place: usize) -> String {
    format!("T-{:03}", place % TRADES)
}

/// Books and fills one trade after the other until that time, and notes what is acknowledged.
pub(crate) async fn write(caller: &Caller, ledger: &Ledger, lap: usize, until: Instant) {
    let mut place = lap * 17;
    while Instant::now() < until {
        place += 1;
        let trade = trade(place * 7);
        let report = match ledger.due(&trade, Instant::now(), Duration::ZERO) {
            0 => caller.book(&trade).await,
            _ => caller.fill(&trade, &format!("E-{lap}-{place}")).await,
        };
        if let Some(version) = report.and_then(|report| report["version"].as_u64()) {
            ledger.record(&trade, version);
        }
    }
}

/// Reads until that time.
///
/// # Panics
/// An answer is older than it claims, or a list that is called whole is not.
pub(crate) async fn read(caller: &Caller, ledger: &Ledger, seen: &mut Seen, until: Instant) {
    let mut place = 0;
    while Instant::now() < until {
        place += 1;
        value(caller, ledger, &trade(place * 31), seen).await;
        if place % 20 == 0 {
            list(caller, ledger, seen).await;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn value(caller: &Caller, ledger: &Ledger, trade: &str, seen: &mut Seen) {
    let asked_at = Instant::now();
    let answer = caller.get(&format!("/v1/trades/{trade}")).await;
    let seconds = age(&answer);
    match answer.status() {
        StatusCode::OK => {
            let seconds = seconds.expect("an answer says how old it is");
            let value: Value = answer.json().await.expect("a value is JSON");
            let due = ledger.due(trade, asked_at, Duration::from_secs(seconds));
            let version = value["version"].as_u64().expect("a version");
            assert!(
                version >= due,
                "{trade}: {version} of {due}, Age: {seconds}"
            );
            seen.values += 1;
            seen.oldest_s = seen.oldest_s.max(seconds);
        }
        StatusCode::NOT_FOUND => {
            let due = ledger.due(trade, asked_at, Duration::ZERO);
            assert_eq!(due, 0, "{trade} is not known");
        }
        StatusCode::SERVICE_UNAVAILABLE => seen.refused += 1,
        other => panic!("{trade}: {other}"),
    }
}

/// All pages; the oldest of them counts.
async fn list(caller: &Caller, ledger: &Ledger, seen: &mut Seen) {
    let asked_at = Instant::now();
    let (mut versions, mut whole, mut oldest) = (HashMap::new(), true, 0);
    let mut cursor = String::new();
    loop {
        let answer = caller.get(&format!("/v1/trades?limit=73{cursor}")).await;
        if answer.status() == StatusCode::SERVICE_UNAVAILABLE {
            seen.refused += 1;
            return;
        }
        assert_eq!(answer.status(), StatusCode::OK);
        oldest = oldest.max(age(&answer).unwrap_or_default());
        let page: Value = answer.json().await.expect("a page is JSON");
        whole &= page["whole"] == true;
        for item in page["items"].as_array().expect("items") {
            let trade = item["trade_id"].as_str().expect("an id").to_owned();
            versions.insert(trade, item["version"].as_u64().expect("a version"));
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.lists += 1;
    if !whole {
        return;
    }
    seen.whole += 1;
    for (trade, due) in ledger.all_due(asked_at, Duration::from_secs(oldest)) {
        let version = versions.get(&trade).copied().unwrap_or_default();
        assert!(
            version >= due,
            "list, {trade}: {version} of {due}, Age: {oldest}"
        );
    }
}
