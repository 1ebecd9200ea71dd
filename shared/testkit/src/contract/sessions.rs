//! What every store of sessions does, whatever it is made of.

use std::time::Duration;

use kernel::port::{SessionKey, Sessions};

/// Longer than any test.
const LONG: Duration = Duration::from_secs(600);

const ANN: SessionKey = SessionKey([1; 32]);
const BEN: SessionKey = SessionKey([2; 32]);

/// Runs the suite. Each call of `make` gives a store without any session.
///
/// # Panics
/// The store breaks the contract of its port.
pub async fn sessions<S: Sessions>(make: impl AsyncFn() -> S) {
    session_is_found_as_it_was_kept(&make().await).await;
    last_one_kept_under_a_key_counts(&make().await).await;
    ended_session_is_not_found(&make().await).await;
    session_that_is_not_used_is_over(&make().await).await;
    session_that_is_used_goes_on(&make().await).await;
    look_may_shorten_the_time(&make().await).await;
    peek_finds_a_session_and_does_not_keep_it(&make().await).await;
    claim_is_granted_once_until_it_is_over(&make().await).await;
    claim_is_no_session(&make().await).await;
    one_of_many_who_claim_at_once_is_granted_it(&make().await).await;
}

async fn open(sessions: &impl Sessions, key: SessionKey, session: &[u8], idle: Duration) {
    let kept = sessions.open(key, session, idle).await;
    kept.expect("the sessions can be reached");
}

async fn find(sessions: &impl Sessions, key: SessionKey, idle: Duration) -> Option<Vec<u8>> {
    let found = sessions.find(key, idle).await;
    found.expect("the sessions can be reached")
}

async fn end(sessions: &impl Sessions, key: SessionKey) {
    let ended = sessions.end(key).await;
    ended.expect("the sessions can be reached");
}

async fn session_is_found_as_it_was_kept(sessions: &impl Sessions) {
    let bytes: Vec<u8> = (0..=255).collect();
    assert_eq!(find(sessions, ANN, LONG).await, None);
    open(sessions, ANN, &bytes, LONG).await;
    assert_eq!(find(sessions, ANN, LONG).await, Some(bytes));
    assert_eq!(find(sessions, BEN, LONG).await, None);
}

async fn last_one_kept_under_a_key_counts(sessions: &impl Sessions) {
    open(sessions, ANN, b"one", LONG).await;
    open(sessions, ANN, b"two", LONG).await;
    assert_eq!(find(sessions, ANN, LONG).await, Some(b"two".to_vec()));
}

async fn ended_session_is_not_found(sessions: &impl Sessions) {
    open(sessions, ANN, b"ann", LONG).await;
    open(sessions, BEN, b"ben", LONG).await;
    end(sessions, ANN).await;
    end(sessions, ANN).await;
    assert_eq!(find(sessions, ANN, LONG).await, None);
    assert_eq!(find(sessions, BEN, LONG).await, Some(b"ben".to_vec()));
}

async fn session_that_is_not_used_is_over(sessions: &impl Sessions) {
    open(sessions, ANN, b"ann", Duration::from_millis(100)).await;
    open(sessions, BEN, b"ben", LONG).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(find(sessions, ANN, LONG).await, None);
    assert_eq!(find(sessions, BEN, LONG).await, Some(b"ben".to_vec()));
}

async fn session_that_is_used_goes_on(sessions: &impl Sessions) {
    let idle = Duration::from_millis(600);
    open(sessions, ANN, b"ann", idle).await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(find(sessions, ANN, idle).await, Some(b"ann".to_vec()));
    }
}

async fn look_may_shorten_the_time(sessions: &impl Sessions) {
    open(sessions, ANN, b"ann", LONG).await;
    let short = Duration::from_millis(100);
    assert_eq!(find(sessions, ANN, short).await, Some(b"ann".to_vec()));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(find(sessions, ANN, LONG).await, None);
}

async fn claim(sessions: &impl Sessions, key: SessionKey, keep: Duration) -> bool {
    let claimed = sessions.claim(key, keep).await;
    claimed.expect("the sessions can be reached")
}

async fn peek_finds_a_session_and_does_not_keep_it(sessions: &impl Sessions) {
    let peek = async || {
        let found = sessions.peek(ANN).await;
        found.expect("the sessions can be reached")
    };
    assert_eq!(peek().await, None);
    open(sessions, ANN, b"ann", Duration::from_millis(600)).await;
    for _ in 0..2 {
        assert_eq!(peek().await, Some(b"ann".to_vec()));
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(peek().await, None);
}

async fn claim_is_granted_once_until_it_is_over(sessions: &impl Sessions) {
    assert!(claim(sessions, BEN, LONG).await);
    let short = Duration::from_millis(300);
    assert!(claim(sessions, ANN, short).await);
    assert!(!claim(sessions, ANN, LONG).await);
    tokio::time::sleep(Duration::from_millis(500)).await;
    // Who was refused has not claimed it for longer.
    assert!(claim(sessions, ANN, LONG).await);
    assert!(!claim(sessions, BEN, LONG).await);
}

async fn claim_is_no_session(sessions: &impl Sessions) {
    assert!(claim(sessions, ANN, LONG).await);
    assert_eq!(find(sessions, ANN, LONG).await, None);
    open(sessions, BEN, b"ben", LONG).await;
    assert!(claim(sessions, BEN, LONG).await);
    end(sessions, BEN).await;
    assert!(!claim(sessions, BEN, LONG).await);
}

async fn one_of_many_who_claim_at_once_is_granted_it(sessions: &impl Sessions) {
    let claims = (0..16).map(|_| claim(sessions, ANN, LONG));
    let granted = futures::future::join_all(claims).await;
    let count = granted.iter().filter(|granted| **granted).count();
    assert_eq!(count, 1, "{granted:?}");
}
