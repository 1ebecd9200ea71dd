//! One story per person, on a platform of its own.

use serde_json::{Value, json};
use testkit::platform::Platform;

use crate::web;

const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");

async fn tell(story: &str, platform: &Platform) {
    web(&["story", story, platform.url()]).await;
}

#[tokio::test]
async fn dealer_sells_sees_the_profit_and_busts_with_a_second_person() {
    let platform = Platform::embedded(BINARY).await;
    bought(&platform, "1", "10").await;
    bought(&platform, "2", "20").await;
    tell("dealer", &platform).await;
    let trade = read(&platform, "/v1/trades/T-STORY").await;
    assert_eq!(trade["fills"][0]["status"], "busted", "{trade}");
    assert_eq!(trade["booked_by"], "trader", "{trade}");
    let position = read(&platform, "/v1/positions/ACC-STORY/AGENCY/STORY").await;
    assert_eq!(position["quantity"], "200", "{position}");
    assert_eq!(position["realised_gross"], "0", "{position}");
}

/// A hundred more, bought at the price, each time a minute later.
async fn bought(platform: &Platform, number: &str, price: &str) {
    let (trade, at) = (
        format!("T-BEFORE-{number}"),
        format!("2026-01-05T15:3{number}:00Z"),
    );
    let body = json!({
        "trade_id": trade, "account": "ACC-STORY", "book": "AGENCY", "instrument": "STORY",
        "side": "BUY", "quantity": "100", "price": price, "currency": "USD", "traded_at": at,
    });
    platform.post("demo", "/v1/trades", &body).await;
    let fill = json!({
        "exec_id": format!("E-BEFORE-{number}"), "quantity": "100", "price": price, "fee": "0",
        "traded_at": at,
    });
    let path = format!("/v1/trades/{trade}/fills");
    platform.post("demo", &path, &fill).await;
}

async fn read(platform: &Platform, path: &str) -> Value {
    platform.get("demo", path).await.json().await.unwrap()
}

#[tokio::test]
async fn supervisor_reads_why_a_customer_waits_and_sees_the_match() {
    let platform = Platform::embedded(BINARY).await;
    tell("supervisor", &platform).await;
    let floor = read(&platform, "/v1/floor").await;
    assert_eq!(floor["agents"][0]["agent_id"], "ann", "{floor}");
}

#[tokio::test]
async fn screen_says_that_it_is_old_and_goes_on_by_itself() {
    let platform = Platform::embedded(BINARY).await;
    tell("away", &platform).await;
}

#[tokio::test]
async fn every_screen_is_accessible_in_both_themes() {
    let platform = Platform::embedded(BINARY).await;
    tell("looks", &platform).await;
}
