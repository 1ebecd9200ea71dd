//! E4: readers across restarts, and while projectors are away. A short form runs always; with
//! `DEALERBOARD_TEST_LONG` set it is 50 restarts and 10 outages.

use std::time::{Duration, Instant};

use testkit::platform::Platform;
use testkit::process::Signal;

use crate::desk::{Caller, embedded, production_as};
use crate::ledger::Ledger;
use crate::reader::{Seen, read, write};

/// How long is read and written before the next thing happens.
const LAP: Duration = Duration::from_millis(1_500);
/// Laps more, where those have not shown enough.
const MORE_LAPS_MAX: usize = 10;
/// How long a projector is paused.
const OUTAGE: Duration = Duration::from_secs(6);

fn long() -> bool {
    std::env::var_os("DEALERBOARD_TEST_LONG").is_some()
}

/// One writer and one reader.
async fn lap(caller: &Caller, ledger: &Ledger, seen: &mut Seen, number: usize, lasts: Duration) {
    let until = Instant::now() + lasts;
    let writing = write(caller, ledger, number, until);
    tokio::join!(writing, read(caller, ledger, seen, until));
}

async fn restarts(platform: &mut Platform, times: usize) -> Seen {
    let (mut caller, ledger) = (Caller::of(platform), Ledger::default());
    let mut seen = Seen::default();
    for number in 0..=times {
        if number > 0 {
            platform.crash().await;
            caller.follow(platform);
        }
        lap(&caller, &ledger, &mut seen, number, LAP).await;
    }
    // A slow machine reads for longer.
    for number in (times + 1..).take(MORE_LAPS_MAX) {
        if is_enough(&seen) {
            break;
        }
        lap(&caller, &ledger, &mut seen, number, LAP).await;
    }
    seen
}

fn is_enough(seen: &Seen) -> bool {
    seen.values > 100 && seen.lists > 5
}

fn is_worth_it(seen: &Seen) {
    eprintln!("{seen:?}");
    assert!(is_enough(seen), "{seen:?}");
    assert!(seen.whole > 0, "{seen:?}");
}

#[tokio::test]
async fn no_answer_is_older_than_it_says_across_restarts() {
    let mut platform = embedded().await;
    let times = if long() { 50 } else { 4 };
    is_worth_it(&restarts(&mut platform, times).await);
}

#[tokio::test]
async fn no_answer_is_older_than_it_says_across_restarts_in_production() {
    let mut platform = production_as("all").await;
    let times = if long() { 50 } else { 2 };
    is_worth_it(&restarts(&mut platform, times).await);
    platform.discard().await;
}

#[tokio::test]
async fn no_answer_is_older_than_it_says_while_a_projector_is_away() {
    let platform = production_as("gateway,processor,reactor,router").await;
    let (projector, _) = platform.role("projector").await;
    let (caller, ledger) = (Caller::of(&platform), Ledger::default());
    let mut seen = Seen::default();
    for number in 0..if long() { 10 } else { 2 } {
        lap(&caller, &ledger, &mut seen, 2 * number, LAP).await;
        projector.signal(Signal::Stop);
        lap(&caller, &ledger, &mut seen, 2 * number + 1, OUTAGE).await;
        projector.signal(Signal::Continue);
    }
    lap(&caller, &ledger, &mut seen, 1_000, 2 * OUTAGE).await;
    is_worth_it(&seen);
    assert!(seen.oldest_s >= 4, "{seen:?}");
    drop(projector);
    platform.discard().await;
}
