//! A fill that a position refuses is reported on both sides, in a list, in the log and in the
//! figures.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{embedded, production, value};

const WAIT: Duration = Duration::from_secs(30);
/// Sales between two kills.
const SALES: u32 = 12;
const LOT: &str = "/v1/positions/A1/PROP/LOT";

#[tokio::test]
async fn sale_of_a_lot_that_is_not_there_is_a_break_on_both_sides() {
    refused_fill_is_reported(embedded().await).await;
}

#[tokio::test]
async fn sale_of_a_lot_that_is_not_there_is_a_break_on_both_sides_in_production() {
    refused_fill_is_reported(production().await).await;
}

async fn refused_fill_is_reported(mut platform: Platform) {
    buy(&platform, "L-1", "E-1").await;
    sell_unknown_lot(&platform, "L-2", "E-2").await;
    let found = open_break(&platform, "L-2").await;
    assert_eq!(found["kind"], "refused", "{found}");
    assert_eq!(
        (&found["report"], &found["code"]),
        (&json!("fill"), &json!("LOTS_NOT_OPEN"))
    );
    assert_eq!(
        (&found["exec_id"], &found["quantity"]),
        (&json!("E-2"), &json!("10"))
    );

    let position = value(&platform, "demo", LOT).await.unwrap();
    assert_eq!(
        (&position["quantity"], &position["refused_fills"]),
        (&json!("10"), &json!(1))
    );
    let refusal = &position["refusals"][0];
    assert_eq!(
        (&refusal["trade_id"], &refusal["exec_id"]),
        (&json!("L-2"), &json!("E-2"))
    );
    is_listed(&platform, "/v1/trades?breaks=open", &["L-2"]).await;
    is_listed(&platform, "/v1/positions?breaks=open", &["A1"]).await;

    let metrics = platform.get("demo", "/metrics").await.text().await.unwrap();
    let line = metrics.lines().find(|line| {
        line.starts_with("dealerboard_reactions_refused_total")
            && line.contains(r#"reaction="fills-to-positions""#)
            && line.contains(r#"code="LOTS_NOT_OPEN""#)
    });
    assert!(line.is_some_and(|line| line.ends_with(" 1")), "{line:?}");
    holds(&mut platform).await;

    // Once is enough: a restarted process reports nothing again.
    platform.crash().await;
    let found = open_break(&platform, "L-2").await;
    assert_eq!(found["kind"], "refused", "{found}");
    let trade = value(&platform, "demo", "/v1/trades/L-2").await.unwrap();
    assert_eq!(trade["breaks"].as_array().unwrap().len(), 1, "{trade}");

    let control = platform.token_with(&["--actor", "control"]);
    let request = platform.request(
        &control,
        "/v1/trades/L-2/busts",
        &json!({ "exec_id": "E-2" }),
    );
    assert_eq!(request.send().await.unwrap().status(), StatusCode::OK);
    eventually("the position to agree again", WAIT, async || {
        let position = value(&platform, "demo", LOT).await?;
        (position["refused_fills"] == 0 && position["refusals"] == json!([])).then_some(())
    })
    .await;
    is_listed(&platform, "/v1/trades?breaks=open", &[]).await;
    holds(&mut platform).await;
    platform.discard().await;
}

#[tokio::test]
async fn fill_in_another_currency_is_a_break() {
    let mut platform = embedded().await;
    buy(&platform, "T-1", "E-1").await;
    let mut euros = booking("T-2", "BUY");
    euros["currency"] = "EUR".into();
    platform.post("demo", "/v1/trades", &euros).await;
    platform
        .post("demo", "/v1/trades/T-2/fills", &fill("E-2"))
        .await;
    assert_eq!(
        open_break(&platform, "T-2").await["code"],
        "CURRENCY_MISMATCH"
    );
    let position = value(&platform, "demo", LOT).await.unwrap();
    assert_eq!(
        (&position["quantity"], &position["refused_fills"]),
        (&json!("10"), &json!(1))
    );
    holds(&mut platform).await;
    platform.discard().await;
}

#[tokio::test]
async fn first_fill_of_a_position_that_is_refused_is_reported() {
    let mut platform = embedded().await;
    sell_unknown_lot(&platform, "L-2", "E-2").await;
    assert_eq!(open_break(&platform, "L-2").await["code"], "LOTS_NOT_OPEN");
    let position = value(&platform, "demo", LOT).await.unwrap();
    assert_eq!(
        (&position["account"], &position["quantity"]),
        (&json!("A1"), &json!("0"))
    );
    buy(&platform, "L-3", "E-3").await;
    eventually("the next fill", WAIT, async || {
        let position = value(&platform, "demo", LOT).await?;
        (position["quantity"] == "10" && position["refused_fills"] == 1).then_some(())
    })
    .await;
    holds(&mut platform).await;
    platform.discard().await;
}

#[tokio::test]
async fn refusals_are_reported_exactly_once_whenever_the_process_is_killed() {
    killed_while_refusing(embedded().await, 4).await;
}

#[tokio::test]
async fn refusals_are_reported_exactly_once_whenever_the_process_is_killed_in_production() {
    killed_while_refusing(production().await, 2).await;
}

/// The effects of the last sale before each kill are not awaited.
async fn killed_while_refusing(mut platform: Platform, rounds: u32) {
    buy(&platform, "L-0", "E-0").await;
    let mut sold = 0;
    for _ in 0..rounds {
        for _ in 0..SALES {
            sold += 1;
            sell_unknown_lot(&platform, &format!("L-{sold}"), &format!("E-{sold}")).await;
        }
        platform.crash().await;
    }
    for sale in 1..=sold {
        let found = open_break(&platform, &format!("L-{sale}")).await;
        assert_eq!(found["code"], "LOTS_NOT_OPEN");
        let path = format!("/v1/trades/L-{sale}");
        let trade = value(&platform, "demo", &path).await.unwrap();
        assert_eq!(trade["breaks"].as_array().unwrap().len(), 1, "{trade}");
    }
    let position = value(&platform, "demo", LOT).await.unwrap();
    assert_eq!(position["refused_fills"], sold, "{position}");
    holds(&mut platform).await;
    platform.discard().await;
}

fn booking(trade: &str, side: &str) -> Value {
    json!({
        "trade_id": trade, "account": "A1", "book": "PROP", "instrument": "LOT", "side": side,
        "quantity": "10", "price": "5", "currency": "USD",
        "traded_at": "2026-03-02T15:30:00Z", "lot_method": "SPECID",
    })
}

fn fill(exec: &str) -> Value {
    json!({
        "exec_id": exec, "quantity": "10", "price": "5", "fee": "0",
        "traded_at": "2026-03-02T15:30:00Z",
    })
}

async fn buy(platform: &Platform, trade: &str, exec: &str) {
    send(platform, "/v1/trades", &booking(trade, "BUY")).await;
    let path = format!("/v1/trades/{trade}/fills");
    send(platform, &path, &fill(exec)).await;
}

/// Names the trade's id where the id of its fill is asked for.
async fn sell_unknown_lot(platform: &Platform, trade: &str, exec: &str) {
    send(platform, "/v1/trades", &booking(trade, "SELL")).await;
    let mut fill = fill(exec);
    fill["traded_at"] = "2026-03-02T16:00:00Z".into();
    fill["lots"] = json!([{ "exec_id": "L-1", "quantity": "10" }]);
    let path = format!("/v1/trades/{trade}/fills");
    send(platform, &path, &fill).await;
}

/// Sends until it is accepted: a repeat changes nothing, and a busy log may refuse for a while.
async fn send(platform: &Platform, path: &str, body: &Value) {
    eventually(path, WAIT, async || {
        let status = platform.send("demo", path, body).await.status();
        [StatusCode::OK, StatusCode::CREATED]
            .contains(&status)
            .then_some(())
    })
    .await;
}

async fn open_break(platform: &Platform, trade: &str) -> Value {
    let path = format!("/v1/trades/{trade}");
    eventually("the break", WAIT, async || {
        let trade = value(platform, "demo", &path).await?;
        let mut breaks = trade["breaks"].as_array().unwrap().iter();
        breaks
            .find(|found| found["resolved_version"].is_null())
            .cloned()
    })
    .await
}

async fn is_listed(platform: &Platform, query: &str, names: &[&str]) {
    eventually(query, WAIT, async || {
        let listed = platform.list("demo", query).await;
        let listed: Vec<_> = listed
            .iter()
            .map(|item| item.get("trade_id").unwrap_or_else(|| &item["account"]))
            .collect();
        (listed == names).then_some(())
    })
    .await;
}

/// Reported refusals do not count as missing.
pub(crate) async fn holds(platform: &mut Platform) {
    // An embedded file has one owner.
    let is_embedded = platform.database().is_none();
    if is_embedded {
        platform.kill();
    }
    let output = platform.command().arg("verify").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(!said.contains("I9 "), "{said}");
    if is_embedded {
        platform.crash().await;
    }
}
