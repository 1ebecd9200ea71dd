//! E6: long folds and lists without an index delay no other query, and are bounded.

use std::time::{Duration, Instant};

use futures::future::join_all;
use reqwest::StatusCode;

use crate::desk::{Caller, embedded};

/// Executions of the one position: enough to be worked on for a while.
const FILLS: usize = 3_000;
const ASKERS: usize = 50;
const ASKED_FOR: Duration = Duration::from_secs(8);
const EXPENSIVE: [&str; 3] = [
    "/v1/positions/A1/PROP/X?method=LIFO",
    "/v1/positions/A1/PROP/X?as_of=2036-01-01T00:00:00Z",
    "/v1/trades?account=unknown",
];

/// How many expensive queries were answered, and how many refused.
#[derive(Default)]
struct Asked {
    answered: usize,
    refused: usize,
}

async fn ask(caller: &Caller, path: &str, until: Instant) -> Asked {
    let mut asked = Asked::default();
    while Instant::now() < until {
        let answer = caller.get(path).await;
        match answer.status() {
            StatusCode::OK => asked.answered += 1,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let again = answer.headers().get("retry-after");
                let seconds: u64 = again.unwrap().to_str().unwrap().parse().unwrap();
                assert!(seconds > 0);
                asked.refused += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            other => panic!("{path}: {other}"),
        }
    }
    asked
}

/// What all others ask meanwhile, and how long that takes in milliseconds.
async fn others(caller: &Caller, command: &str, until: Instant) -> Vec<u128> {
    let paths = ["/livez", "/v1/trades/T-1", command];
    let mut took = Vec::new();
    while Instant::now() < until {
        for path in paths {
            let asked_at = Instant::now();
            let answer = caller.get(path).await;
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            took.push(asked_at.elapsed().as_millis());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    took.sort_unstable();
    took
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expensive_queries_delay_no_other_and_are_bounded() {
    let platform = embedded().await;
    let caller = Caller::of(&platform);
    caller.book("T-1").await.expect("booked");
    for first in (0..FILLS).step_by(100) {
        let fills = (first..first + 100).map(|n| {
            let (caller, exec) = (&caller, format!("E-{n}"));
            async move { caller.fill("T-1", &exec).await.expect("filled") }
        });
        join_all(fills).await;
    }
    let report = caller.fill("T-1", "E-last").await.expect("filled");
    let command = report["command_id"].as_str().unwrap();
    let command = format!("/v1/commands/{command}");
    let alone = others(&caller, &command, Instant::now() + ASKED_FOR / 4).await;
    let until = Instant::now() + ASKED_FOR;
    let askers = (0..ASKERS).map(|asker| {
        let caller = caller.clone();
        tokio::spawn(async move { ask(&caller, EXPENSIVE[asker % EXPENSIVE.len()], until).await })
    });
    let askers: Vec<_> = askers.collect();
    let beside = others(&caller, &command, until).await;
    let mut asked = Asked::default();
    for one in join_all(askers).await {
        let one = one.unwrap();
        asked.answered += one.answered;
        asked.refused += one.refused;
    }
    let p99 = |took: &[u128]| took[took.len() * 99 / 100];
    eprintln!(
        "others' p99 {} ms alone, {} ms beside, longest {} ms; {} answered, {} refused",
        p99(&alone),
        p99(&beside),
        beside.last().unwrap(),
        asked.answered,
        asked.refused
    );
    assert!(asked.answered > 0, "none was answered");
    assert!(asked.refused > 0, "{} at once were all taken", ASKERS);
}
