//! A record is in the partition of its key, or is not handled there.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{booking, production_with, terms, value};
use crate::kafka::{Outsider, PARTITIONS, Raw, home};

const WAIT: Duration = Duration::from_secs(60);
const PARKS: &str = r#"
    [[kafka.producers]]
    context = "trades"
    tenant = "demo"
    actor = "drop-copy"
"#;
const FORWARDS: &str = r#"
    [[kafka.producers]]
    name = "copy"
    context = "trades"
    tenant = "demo"
    actor = "drop-copy"
    misplaced = "forward"
    outcomes = "all"
"#;

fn book(id: &str, quantity: u32) -> Vec<u8> {
    let envelope = json!({ "id": id, "type": "BookTrade", "data": terms(quantity) });
    envelope.to_string().into_bytes()
}

/// Another partition than the trade's own.
fn elsewhere(trade: &str) -> u16 {
    (home(trade) + 1) % PARTITIONS
}

async fn command(platform: &Platform, id: &str) -> Value {
    let path = format!("/v1/commands/{id}");
    eventually("the command to be settled", WAIT, async || {
        value(platform, "demo", &path).await
    })
    .await
}

#[tokio::test]
async fn misplaced_record_is_parked_and_its_trade_has_one_stream() {
    let platform = production_with(PARKS).await;
    let outsider = Outsider::of(&platform);
    let id = "0192f0c4-0000-7000-8000-000000000001";
    let (partition, offset) = outsider
        .send(
            "trades",
            Raw {
                key: Some(b"demo/T-1"),
                value: Some(&book(id, 1)),
                partition: Some(elsewhere("T-1")),
                ..Raw::default()
            },
        )
        .await;
    let parked = command(&platform, id).await;
    assert_eq!(
        (&parked["status"], &parked["reason"]),
        (&json!("parked"), &json!("wrong_partition"))
    );
    assert!(
        parked["detail"].as_str().unwrap().contains("drop-copy"),
        "{parked}"
    );

    // It delays no other command: the same trade is booked by HTTP at once.
    platform
        .post("demo", "/v1/trades", &booking("T-1", 2))
        .await;
    let trade = value(&platform, "demo", "/v1/trades/T-1").await.unwrap();
    assert_eq!(trade["quantity"], "2");
    let notice = eventually("a notice", WAIT, async || {
        let mut outcomes = outsider.outcomes("trades");
        outcomes.remove(&(partition.into(), offset))
    })
    .await;
    assert_eq!(notice["reason"], "wrong_partition");

    // Redriven, it goes where it belongs, and is refused there by the rules.
    let redriven = platform
        .command()
        .args([
            "dead-letters",
            "redrive",
            "--context",
            "trades",
            "--key",
            "demo/T-1",
        ])
        .args(["--by", "ann", "--yes"])
        .output()
        .unwrap();
    assert!(redriven.status.success(), "{redriven:?}");
    let settled = eventually("the redriven command", WAIT, async || {
        let found = command(&platform, id).await;
        (found["status"] != "parked").then_some(found)
    })
    .await;
    assert_eq!(
        (&settled["status"], &settled["code"]),
        (&json!("rejected"), &json!("ID_CONFLICT"))
    );
    verified(&platform);
    platform.discard().await;
}

#[tokio::test]
async fn misplaced_record_is_sent_on_once_where_its_producer_wants_that() {
    let platform = production_with(FORWARDS).await;
    let outsider = Outsider::of(&platform);
    for n in 0..20 {
        let (trade, id) = (format!("T-{n}"), format!("order {n}"));
        let (key, body) = (format!("demo/{trade}"), book(&id, 3));
        // Twice where it does not belong, and once where it does.
        for partition in [elsewhere(&trade), elsewhere(&trade), home(&trade)] {
            let raw = Raw {
                key: Some(key.as_bytes()),
                value: Some(&body),
                partition: Some(partition),
                ..Raw::default()
            };
            outsider.send("trades", raw).await;
        }
        let settled = command(&platform, &id.replace(' ', "%20")).await;
        assert_eq!(
            (&settled["status"], &settled["version"]),
            (&json!("accepted"), &json!(1))
        );
    }
    let trade = value(&platform, "demo", "/v1/trades/T-3").await.unwrap();
    assert_eq!(trade["booked_by"], "drop-copy");
    let letters = platform
        .command()
        .args(["dead-letters", "list"])
        .output()
        .unwrap();
    let letters = String::from_utf8(letters.stdout).unwrap();
    assert!(letters.contains("0 letters"), "{letters}");
    verified(&platform);
    platform.discard().await;
}

/// A genuine record of the platform's, sent again to every partition by a reader of the topic.
#[tokio::test]
async fn copy_of_a_genuine_record_has_no_second_effect_wherever_it_stands() {
    let platform = production_with("").await;
    let outsider = Outsider::of(&platform);
    platform
        .post("demo", "/v1/trades", &booking("T-1", 5))
        .await;
    let fill = crate::desk::fill("E-1", 2);
    platform.post("demo", "/v1/trades/T-1/fills", &fill).await;
    let records = outsider.read("trades-commands");
    assert_eq!(records.len(), 2);
    for record in &records {
        for partition in 0..PARTITIONS {
            let copy = Raw::copy(record, partition);
            outsider.send("trades", copy).await;
        }
    }
    let count = "SELECT count(*) FROM trades.dead_letter WHERE reason = 'wrong_partition'";
    let pool = sqlx_pool(&platform).await;
    eventually("the copies to be parked", WAIT, async || {
        let parked: i64 = sqlx::query_scalar(count).fetch_one(&pool).await.unwrap();
        (parked == 6).then_some(())
    })
    .await;
    let trade = value(&platform, "demo", "/v1/trades/T-1").await.unwrap();
    assert_eq!(
        (&trade["version"], &trade["cum_quantity"]),
        (&json!(2), &json!("2"))
    );
    verified(&platform);
    pool.close().await;
    platform.discard().await;
}

async fn sqlx_pool(platform: &Platform) -> sqlx::PgPool {
    let url = &platform.database().unwrap().url;
    sqlx::PgPool::connect(url).await.unwrap()
}

fn verified(platform: &Platform) {
    let output = platform
        .command()
        .args(["verify", "--live"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("violated"), "{text}");
}
