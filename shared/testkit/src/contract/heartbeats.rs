//! What every store of heartbeats does, whatever it is made of.

use kernel::Timestamp;
use kernel::port::{HEARD_FOR, Heard, Heartbeats};

/// Some time of the year 2026.
const NOW_MS: i64 = 1_796_000_000_123;

/// Runs the suite. Each call of `make` gives a store without any heartbeat.
///
/// # Panics
/// The store breaks the contract of its port.
pub async fn heartbeats<H: Heartbeats>(make: impl AsyncFn() -> H) {
    last_sign_of_life_of_each_is_given(&make().await).await;
    older_sign_of_life_changes_nothing(&make().await).await;
    many_are_noted_at_once(&make().await).await;
    who_was_not_heard_of_for_long_is_forgotten(&make().await).await;
}

async fn last_sign_of_life_of_each_is_given(heartbeats: &impl Heartbeats) {
    assert_eq!(since(heartbeats, 0).await, []);
    note(heartbeats, &[("demo/ann/S-1", 0), ("demo/bob/S-1", 1)]).await;
    note(heartbeats, &[("demo/ann/S-1", 20_000)]).await;
    let expected = [heard("demo/ann/S-1", 20_000), heard("demo/bob/S-1", 1)];
    assert_eq!(since(heartbeats, 0).await, expected);
    assert_eq!(since(heartbeats, 1).await, expected);
    assert_eq!(since(heartbeats, 2).await, expected[..1]);
    assert_eq!(since(heartbeats, 20_001).await, []);
}

async fn older_sign_of_life_changes_nothing(heartbeats: &impl Heartbeats) {
    note(heartbeats, &[("demo/ann/S-1", 5), ("demo/ann/S-1", 3)]).await;
    note(heartbeats, &[("demo/ann/S-1", 4)]).await;
    assert_eq!(since(heartbeats, 0).await, [heard("demo/ann/S-1", 5)]);
}

async fn many_are_noted_at_once(heartbeats: &impl Heartbeats) {
    note(heartbeats, &[]).await;
    let names: Vec<_> = (0..2_500).map(|n| format!("demo/A-{n}/S-1")).collect();
    let all: Vec<_> = names.iter().map(|name| (&**name, 7)).collect();
    note(heartbeats, &all).await;
    assert_eq!(since(heartbeats, 7).await.len(), 2_500);
}

async fn who_was_not_heard_of_for_long_is_forgotten(heartbeats: &impl Heartbeats) {
    note(heartbeats, &[("demo/ann/S-1", 0), ("demo/bob/S-1", 1)]).await;
    let later = i64::try_from(HEARD_FOR.as_millis()).expect("minutes") + 1;
    note(heartbeats, &[("demo/cid/S-1", later)]).await;
    let expected = [heard("demo/bob/S-1", 1), heard("demo/cid/S-1", later)];
    assert_eq!(since(heartbeats, 0).await, expected);
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW_MS + millis)
}

fn heard(name: &str, millis: i64) -> Heard {
    let (name, at) = (name.into(), at(millis));
    Heard { name, at }
}

async fn note(heartbeats: &impl Heartbeats, names: &[(&str, i64)]) {
    let heard: Vec<_> = names.iter().map(|(name, at)| heard(name, *at)).collect();
    heartbeats.note(&heard).await.expect("an answer");
}

async fn since(heartbeats: &impl Heartbeats, millis: i64) -> Vec<Heard> {
    let mut heard = heartbeats.heard_since(at(millis)).await.expect("an answer");
    heard.sort();
    heard
}
