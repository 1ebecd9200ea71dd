//! Quotas of requests per second.

use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};
use serde_json::json;
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{Desk, TENANT};

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
const QUOTAS: &str = "[limits.tenant]\ncommands_per_s = 5\nreads_per_s = 50\n\
    [limits.principal]\ncommands_per_s = 0\nreads_per_s = 20\n\
    [limits.tenants]\nacme = { commands_per_s = 0, reads_per_s = 0 }\n";

/// How many of so many reads at once are answered.
async fn answered(url: &str, token: &str, reads: usize) -> usize {
    let client = Client::new();
    let read = || {
        let request = client.get(format!("{url}/v1/floor")).bearer_auth(token);
        async move { request.send().await.unwrap().status() }
    };
    let reads = futures::future::join_all(std::iter::repeat_with(read).take(reads)).await;
    let (answered, refused): (Vec<_>, Vec<_>) = reads
        .into_iter()
        .partition(|status| *status == StatusCode::OK);
    let other = refused
        .iter()
        .find(|status| **status != StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(other, None);
    answered.len()
}

#[tokio::test]
async fn principal_and_tenant_have_quotas_and_other_tenants_are_not_concerned() {
    let platform = Platform::embedded_with(BINARY, QUOTAS).await;
    let desk = Desk::of(platform);
    let (ann, bob) = (
        desk.token(&["--actor", "ann"]),
        desk.token(&["--actor", "bob"]),
    );
    let url = desk.platform().url().to_owned();
    let began = Instant::now();
    let of_ann = answered(&url, &ann, 100).await;
    let most = 20 + (began.elapsed().as_millis() / 50) as usize + 1;
    assert!((20..=most).contains(&of_ann), "{of_ann} of 20 a second");
    // Another principal has a quota of their own.
    assert!(answered(&url, &bob, 10).await >= 10);
    // The tenant's is used up by both and one more; another tenant has a quota of its own.
    let cid = desk.token(&["--actor", "cid"]);
    let began = Instant::now();
    let of_cid = answered(&url, &cid, 40).await;
    assert!(
        of_cid <= 20 + (began.elapsed().as_millis() / 20) as usize,
        "{of_cid}"
    );
    let acme = desk.token_of("acme", &["--actor", "ann"]);
    assert!(answered(&url, &acme, 20).await >= 20);

    let refused = loop {
        let request = Client::new()
            .get(format!("{url}/v1/floor"))
            .bearer_auth(&ann);
        let answer = request.send().await.unwrap();
        if answer.status() == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
    };
    let header = |name: &str| refused.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("retry-after"), "1");
    assert_eq!(header("ratelimit-policy"), "\"principal\";q=20;w=1");
    assert_eq!(header("ratelimit"), "\"principal\";r=0;t=1");
    let problem: serde_json::Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "OVERLOADED", "{problem}");

    // Commands are counted apart, and a refused one is as if it had never been sent.
    let body = |n: usize| json!({"queue_id": format!("Q-{n}")});
    let mut codes = Vec::new();
    for n in 0..8 {
        codes.push(desk.post(&bob, "/v1/queues", body(n)).await.status.as_u16());
    }
    assert!(codes[..5].iter().all(|code| *code < 300), "{codes:?}");
    assert!(codes.contains(&429), "{codes:?}");
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let again = desk.post(&bob, "/v1/queues", body(9)).await;
    assert!(again.status.is_success(), "{again:?}");
}

#[tokio::test]
async fn gateways_of_an_installation_count_together() {
    let config = "[limits.tenant]\ncommands_per_s = 0\nreads_per_s = 100\n";
    let platform = Platform::production_with(BINARY, "all", config).await;
    let (_second, other) = platform.role("gateway").await;
    let token = platform.token(TENANT);
    // A gateway that has just begun believes no view yet.
    for url in [platform.url(), &other] {
        eventually("the first answer", Duration::from_secs(20), async || {
            let read = Client::new()
                .get(format!("{url}/v1/floor"))
                .bearer_auth(&token);
            (read.send().await.unwrap().status() == StatusCode::OK).then_some(())
        })
        .await;
    }
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let began = Instant::now();
    let (one, two) = tokio::join!(
        answered(platform.url(), &token, 300),
        answered(&other, &token, 300)
    );
    let most = 100 + (began.elapsed().as_millis() / 10) as usize + 4;
    assert!(
        (100..=most).contains(&(one + two)),
        "{one} and {two} of 100 a second"
    );
    assert!(one > 0 && two > 0, "{one} and {two}");
    platform.discard().await;
}
