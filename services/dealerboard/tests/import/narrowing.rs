//! A narrowed list has the values that were asked for, all of them, whatever its pages.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use testkit::eventually;

use super::site::{Site, sample};

/// The durable view of a list is written every 250 ms; a busy machine takes longer.
const LIST_WAIT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn narrowed_list_has_those_and_no_others() {
    narrows(Site::embedded().await).await;
}

#[tokio::test]
async fn narrowed_list_in_production_has_those_and_no_others() {
    narrows(Site::production().await).await;
}

async fn narrows(site: Site) {
    let (file, rows) = sample(site.folder());
    let output = site.import(&file, "demo").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let trades = eventually("every trade, executed", LIST_WAIT, async || {
        let trades = site.list("demo", "/v1/trades?limit=200").await;
        let executed = trades.iter().all(|trade| trade["state"] == "Executed");
        (trades.len() == rows && executed).then_some(trades)
    })
    .await;
    let account = trades[0]["account"].clone();
    let wanted = |trade: &&Value| trade["account"] == account;
    let expected: Vec<_> = trades.iter().filter(wanted).cloned().collect();
    assert!(
        expected.len() < trades.len(),
        "the sample has other accounts"
    );
    let account = account.as_str().unwrap();
    let query = format!("/v1/trades?limit=7&account={account}&state=Executed");
    assert_eq!(site.list("demo", &query).await, expected);
    let none = format!("/v1/trades?limit=7&account={account}&state=Cancelled");
    assert!(site.list("demo", &none).await.is_empty());
    let unknown = site.get("demo", "/v1/trades?state=Sold").await;
    assert_eq!(unknown.status(), StatusCode::BAD_REQUEST);
    let page: Value = site.get("demo", &query).await.json().await.unwrap();
    let cursor = page["next"].as_str().expect("the list has another page");
    let other = format!("/v1/trades?limit=7&account=other&cursor={cursor}");
    let foreign = site.get("demo", &other).await;
    assert_eq!(foreign.status(), StatusCode::BAD_REQUEST);
    site.discard().await;
}
