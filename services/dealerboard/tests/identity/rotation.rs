//! A provider changes its keys while requests come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::sleep;

use crate::provider::Provider;
use crate::story::{gateway, get};

/// Who asks for a new token and uses it at once, over and over.
const CALLERS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn no_valid_token_is_refused_while_keys_rotate() {
    let provider = Arc::new(Provider::start("oidc-provider", "").await);
    let platform = Arc::new(gateway(&provider).await);
    let (stop, taken) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU32::new(0)),
    );
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (provider, platform) = (Arc::clone(&provider), Arc::clone(&platform));
            let (stop, taken) = (Arc::clone(&stop), Arc::clone(&taken));
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let token = provider.service_token("feeds", "urn:desk").await;
                    let answer = get(&platform, &token).await;
                    assert_eq!(answer.status(), StatusCode::OK, "{:?}", answer.text().await);
                    taken.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    for step in ["rotate", "retire"] {
        sleep(Duration::from_secs(2)).await;
        provider.tell(step).await;
    }
    sleep(Duration::from_secs(2)).await;
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
    let taken = taken.load(Ordering::SeqCst);
    println!("{taken} new tokens were taken while the keys rotated, 0 refused");
    assert!(taken > 100, "{taken}");
}
