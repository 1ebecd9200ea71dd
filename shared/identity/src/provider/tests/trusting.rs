//! How long keys are trusted, and how often tokens have them fetched. Time is the test's own.

use std::sync::Arc;
use std::time::Duration;

use http::auth::{Found, KeySource as _, Signing, TrustedKey};
use tokio::time::{Instant, advance};

use super::super::keys::{ProvidedKeys, Shared};
use super::super::{REFRESH, TRUSTED_UNSEEN};
use super::stand_in::key;

fn trusted(kid: &str) -> TrustedKey {
    let jwk = serde_json::from_value(key(kid)).unwrap();
    TrustedKey::of_jwk(&jwk, &Signing::ALL).unwrap()
}

fn is_known(keys: &ProvidedKeys, kid: &str) -> bool {
    matches!(keys.find(kid, Signing::EdDSA), Found::Key(_))
}

#[tokio::test(start_paused = true)]
async fn removed_key_is_no_longer_trusted_and_said_to_be_gone() {
    let shared = Arc::new(Shared::default());
    let keys = ProvidedKeys::of(&shared);
    assert!(keys.is_away() && !is_known(&keys, "a"));
    let (a, b) = (trusted("a"), trusted("b"));
    let change = shared.take(vec![a.clone()], Instant::now());
    assert!(change.added && !change.removed && is_known(&keys, "a"));
    let change = shared.take(vec![a.clone(), b.clone()], Instant::now());
    assert!(change.added && !change.removed);
    assert!(
        !shared
            .take(vec![b.clone(), a.clone()], Instant::now())
            .any()
    );
    let change = shared.take(vec![b], Instant::now());
    assert!(change.removed && !is_known(&keys, "a") && is_known(&keys, "b"));
    // Another key under the same name is another key.
    assert!(shared.take(vec![trusted("b")], Instant::now()).removed);
    assert_eq!(shared.wait(), REFRESH);
}

#[tokio::test(start_paused = true)]
async fn last_good_keys_are_trusted_for_a_day() {
    let shared = Arc::new(Shared::default());
    let keys = ProvidedKeys::of(&shared);
    shared.take(vec![trusted("a")], Instant::now());
    advance(TRUSTED_UNSEEN - Duration::from_secs(1)).await;
    assert!(!shared.miss(Instant::now()));
    assert!(is_known(&keys, "a") && keys.is_away());
    advance(Duration::from_secs(1)).await;
    assert!(!is_known(&keys, "a"));
    assert!(
        shared.miss(Instant::now()),
        "what they proved is to be forgotten"
    );
    assert!(!shared.miss(Instant::now()), "once");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_unknown_keys_lead_to_one_fetch_in_thirty_seconds() {
    let shared = Arc::new(Shared::default());
    let keys = ProvidedKeys::of(&shared);
    shared.take(vec![trusted("a")], Instant::now());
    let waiting: Vec<_> = (0..10_000).filter_map(|_| keys.renewal()).collect();
    assert_eq!(waiting.len(), 10_000, "all wait for the same");
    shared.wanted().await;
    shared.begin();
    shared.take(vec![trusted("a"), trusted("new")], Instant::now());
    futures::future::join_all(waiting).await;
    assert!(is_known(&keys, "new"));
    for _ in 0..10_000 {
        assert!(keys.renewal().is_none());
    }
    advance(Duration::from_secs(29)).await;
    assert!(keys.renewal().is_none());
    advance(Duration::from_secs(1)).await;
    assert!(keys.renewal().is_some());
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_provider_that_does_not_answer() {
    let shared = Arc::new(Shared::default());
    let keys = ProvidedKeys::of(&shared);
    shared.take(vec![trusted("a")], Instant::now());
    let began = Instant::now();
    keys.renewal().unwrap().await;
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    assert!(keys.is_away(), "who asks meanwhile is not blamed");
    shared.miss(Instant::now());
    assert!(keys.is_away() && keys.renewal().is_none());
}
