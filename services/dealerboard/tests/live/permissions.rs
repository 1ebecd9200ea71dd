//! A stream shows what its caller may see, for as long as they may.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::json;
use testkit::platform::Platform;

use crate::reader::{BINARY, Stream};

const TRADES: &str = "?view=trades";
/// Streams look every 20 s whether their callers have changed.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

async fn book(platform: &Platform, trade: &str, book: &str) {
    let body = json!({
        "trade_id": trade, "account": "A1", "book": book, "instrument": "X", "side": "BUY",
        "quantity": "1", "price": "10", "currency": "USD", "traded_at": "2026-03-02T15:30:00Z"
    });
    platform.post("demo", "/v1/trades", &body).await;
}

#[tokio::test]
async fn caller_without_the_permission_of_a_view_gets_no_stream_of_it() {
    let platform = Platform::embedded(BINARY).await;
    let agent = platform.token_with(&["--actor", "ann", "--role", "agent"]);
    for query in [TRADES, "?view=conversations&view=trades"] {
        let url = format!("{}/v1/live{query}", platform.url());
        let asked = Client::new().get(url).bearer_auth(&agent).send().await;
        let answer = asked.unwrap();
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{query}");
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["permission"], "trades:read", "{problem}");
    }
    Stream::resume_with(&platform, &agent, "?view=conversations", "").await;
}

#[tokio::test]
async fn dealer_of_one_book_sees_the_changes_of_that_book() {
    let platform = Platform::embedded(BINARY).await;
    let dealer = platform.token_with(&["--actor", "dan", "--role", "trader", "--book", "FX"]);
    let mut stream = Stream::resume_with(&platform, &dealer, TRADES, "").await;
    let begun = stream.last_id.clone();
    book(&platform, "T-eq", "EQ").await;
    book(&platform, "T-fx", "FX").await;
    let seen = stream.next_of("trades").await.json();
    assert_eq!(seen["trade_id"], "T-fx", "{seen}");
    stream.is_quiet().await;
    // What was missed is filtered, too.
    if !begun.is_empty() {
        let mut again = Stream::resume_with(&platform, &dealer, TRADES, &begun).await;
        let seen = again.next_of("trades").await.json();
        assert_eq!(seen["trade_id"], "T-fx", "{seen}");
        again.is_quiet().await;
    }
}

#[tokio::test]
async fn stream_ends_when_its_callers_tokens_are_revoked() {
    let platform = Platform::embedded(BINARY).await;
    let dan = platform.token_with(&["--actor", "dan", "--role", "trader"]);
    let eve = platform.token_with(&["--actor", "eve", "--role", "trader"]);
    let mut of_dan = Stream::resume_with(&platform, &dan, TRADES, "").await;
    let mut of_eve = Stream::resume_with(&platform, &eve, TRADES, "").await;
    platform
        .post("demo", "/v1/members/dan:revoke-tokens", &json!({}))
        .await;
    assert!(of_dan.ends_within(ENDS_WITHIN).await);
    book(&platform, "T-1", "FX").await;
    assert_eq!(of_eve.next_of("trades").await.json()["trade_id"], "T-1");
}
