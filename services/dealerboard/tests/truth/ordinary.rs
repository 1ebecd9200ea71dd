//! Ordinary days of other desks: what their venues, clerks and calendars do to trades and positions.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kernel::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{Answer, answer, embedded, fill, production, production_with, terms, value};
use crate::kafka::{Outsider, Raw};
use crate::refusals::holds;

const WAIT: Duration = Duration::from_secs(20);

/// A token of that actor.
async fn send(platform: &Platform, actor: &str, path: &str, body: Value) -> Answer {
    let token = platform.token_with(&["--actor", actor]);
    send_with(platform, &token, path, body).await
}

async fn send_with(platform: &Platform, token: &str, path: &str, body: Value) -> Answer {
    let request = platform.request(token, path, &body);
    let answer = answer(request.send().await.unwrap()).await;
    assert!(answer.status.is_success(), "{path}: {answer:?}");
    answer
}

fn order(trade: &str, instrument: &str, quantity: u32) -> Value {
    let mut order = terms(quantity);
    order["trade_id"] = trade.into();
    order["instrument"] = instrument.into();
    order
}

async fn book(platform: &Platform, order: Value) {
    send(platform, "trader", "/v1/trades", order).await;
}

async fn filled(platform: &Platform, trade: &str, exec: &str, quantity: u32) -> Answer {
    let path = format!("/v1/trades/{trade}/fills");
    send(platform, "trader", &path, fill(exec, quantity)).await
}

async fn busted(platform: &Platform, trade: &str, exec: &str) {
    let path = format!("/v1/trades/{trade}/busts");
    send(platform, "second", &path, json!({ "exec_id": exec })).await;
}

/// Waits until the position is of this quantity, and stays so.
async fn position(platform: &Platform, instrument: &str, quantity: &str) -> Value {
    let path = format!("/v1/positions/A1/PROP/{instrument}");
    let found = eventually("the position", WAIT, async || {
        let found = value(platform, "demo", &path).await?;
        (found["quantity"] == quantity).then_some(found)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let still = value(platform, "demo", &path).await.unwrap();
    assert_eq!(still["quantity"], quantity);
    found
}

async fn trade(platform: &Platform, id: &str) -> Value {
    value(platform, "demo", &format!("/v1/trades/{id}"))
        .await
        .unwrap()
}

async fn verified(mut platform: Platform) {
    holds(&mut platform).await;
    platform.discard().await;
}

/// nautilus_trader #3450: one market order fills two resting orders of one account.
#[tokio::test]
async fn one_match_id_on_two_orders_is_two_fills() {
    two_orders_of_one_match_id(embedded().await).await;
}

#[tokio::test]
async fn one_match_id_on_two_orders_is_two_fills_in_production() {
    two_orders_of_one_match_id(production().await).await;
}

async fn two_orders_of_one_match_id(platform: Platform) {
    for (instrument, side) in [("LYON", "BUY"), ("SELF", "SELL")] {
        let mut second = order(&format!("{instrument}-2"), instrument, 5);
        second["side"] = side.into();
        book(&platform, order(&format!("{instrument}-1"), instrument, 5)).await;
        book(&platform, second).await;
        filled(&platform, &format!("{instrument}-1"), "4f424a3c", 5).await;
        filled(&platform, &format!("{instrument}-2"), "4f424a3c", 5).await;
    }
    position(&platform, "LYON", "10").await;
    position(&platform, "SELF", "0").await;
    verified(platform).await;
}

/// portfolio-performance #5358: booked in the wrong currency, busted, booked again.
#[tokio::test]
async fn what_a_busted_fill_had_fixed_is_free_again() {
    busted_first_fill(embedded().await).await;
}

#[tokio::test]
async fn what_a_busted_fill_had_fixed_is_free_again_in_production() {
    busted_first_fill(production().await).await;
}

async fn busted_first_fill(platform: Platform) {
    for (instrument, field, wrong, right) in [
        ("WRNG", "currency", "GBP", "USD"),
        ("CTRS", "multiplier", "1", "100"),
        ("LOTS", "lot_method", "LIFO", "AVERAGE"),
    ] {
        for (trade, exec, set) in [("1", "F-1", wrong), ("2", "F-2", right)] {
            let id = format!("{instrument}-{trade}");
            let mut order = order(&id, instrument, 10);
            order[field] = set.into();
            book(&platform, order).await;
            filled(&platform, &id, exec, 10).await;
            if exec == "F-1" {
                position(&platform, instrument, "10").await;
                busted(&platform, &id, exec).await;
                position(&platform, instrument, "0").await;
            }
        }
        let found = position(&platform, instrument, "10").await;
        assert_eq!(found[field], right, "{found}");
    }
    verified(platform).await;
}

/// FIX order state matrix J.1.b, and its simpler case.
#[tokio::test]
async fn order_is_filled_again_after_a_cancel_and_a_bust() {
    let platform = embedded().await;
    book(&platform, order("J-1", "JB", 10_000)).await;
    filled(&platform, "J-1", "B", 5_000).await;
    send(
        &platform,
        "trader",
        "/v1/trades/J-1/cancellations",
        json!({}),
    )
    .await;
    busted(&platform, "J-1", "B").await;
    let answer = filled(&platform, "J-1", "F", 4_000).await;
    assert_eq!(answer.body["breaks"], json!([]));
    position(&platform, "JB", "4000").await;
    let found = trade(&platform, "J-1").await;
    assert_eq!(
        (&found["cum_quantity"], &found["leaves_quantity"]),
        (&json!("4000"), &json!("0"))
    );
    book(&platform, order("J-2", "JA", 100)).await;
    filled(&platform, "J-2", "A", 100).await;
    busted(&platform, "J-2", "A").await;
    filled(&platform, "J-2", "B", 100).await;
    position(&platform, "JA", "100").await;
    verified(platform).await;
}

/// FIX order state matrix C.1.b.
#[tokio::test]
async fn part_filled_order_is_replaced_by_a_larger_one() {
    let platform = embedded().await;
    book(&platform, order("C-1", "RB", 10_000)).await;
    filled(&platform, "C-1", "E1", 1_000).await;
    filled(&platform, "C-1", "E2", 100).await;
    let mut larger = terms(12_000);
    larger["instrument"] = "RB".into();
    let amendment = json!({ "expected_version": 3, "terms": larger });
    send(&platform, "trader", "/v1/trades/C-1/amendments", amendment).await;
    assert_eq!(trade(&platform, "C-1").await["leaves_quantity"], "10900");
    filled(&platform, "C-1", "E3", 10_900).await;
    position(&platform, "RB", "12000").await;
    assert_eq!(trade(&platform, "C-1").await["state"], "Executed");
    verified(platform).await;
}

#[tokio::test]
async fn answer_names_the_break_and_a_second_person_settles_it() {
    settled_overfill(embedded().await).await;
}

#[tokio::test]
async fn answer_names_the_break_and_a_second_person_settles_it_in_production() {
    settled_overfill(production().await).await;
}

async fn settled_overfill(platform: Platform) {
    book(&platform, order("O-1", "OVER", 100)).await;
    book(&platform, order("O-2", "OVER", 50)).await;
    filled(&platform, "O-1", "E1", 100).await;
    let over = filled(&platform, "O-1", "E2", 10).await;
    assert_eq!(over.body["breaks"], json!(["overfill"]), "{over:?}");
    filled(&platform, "O-1", "E3", 50).await;
    // The outcome shows it later as well.
    let id = over.body["command_id"].as_str().unwrap();
    let later = value(&platform, "demo", &format!("/v1/commands/{id}")).await;
    assert_eq!(later.unwrap()["breaks"], json!(["overfill"]));

    let path = "/v1/trades/O-1:settle-break";
    let take_in = json!({ "exec_id": "E2", "resolution": "take_in", "note": "order was for 110" });
    send(&platform, "second", path, take_in).await;
    position(&platform, "OVER", "110").await;
    let hand_over = json!({
        "exec_id": "E3", "resolution": "hand_over", "to": "O-2", "note": "of the other order",
    });
    send(&platform, "second", path, hand_over).await;
    position(&platform, "OVER", "160").await;
    assert_eq!(trade(&platform, "O-2").await["state"], "Executed");
    let open = value(&platform, "demo", "/v1/trades?breaks=open")
        .await
        .unwrap();
    assert_eq!(open["items"], json!([]), "{open}");
    verified(platform).await;
}

/// A split that is entered before its day: mystocksportfolio #376.
#[tokio::test]
async fn split_waits_for_its_day() {
    split_ahead(embedded().await).await;
}

#[tokio::test]
async fn split_waits_for_its_day_in_production() {
    split_ahead(production().await).await;
}

async fn split_ahead(platform: Platform) {
    book(&platform, order("S-1", "SPL", 100)).await;
    filled(&platform, "S-1", "S1", 100).await;
    position(&platform, "SPL", "100").await;
    let split = |id: &str, ex_at: &str| json!({ "split_id": id, "numerator": 2, "denominator": 1, "ex_at": ex_at });
    let path = "/v1/positions/A1/PROP/SPL/splits";
    send(
        &platform,
        "trader",
        path,
        split("SP1", "2099-06-01T00:00:00Z"),
    )
    .await;
    let found = value(&platform, "demo", "/v1/positions/A1/PROP/SPL?mark=10").await;
    let found = found.unwrap();
    assert_eq!(
        (&found["quantity"], &found["unrealised"]),
        (&json!("100"), &json!("0"))
    );
    assert_eq!(found["announced_splits"][0]["split_id"], "SP1");
    // One whose day comes while the platform runs.
    #[expect(
        clippy::disallowed_methods,
        reason = "the process under test has the same clock"
    )]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let soon = Timestamp::from_millis(now.as_millis().try_into().unwrap()).plus_millis(2_000);
    send(&platform, "trader", path, split("SP2", &soon.to_string())).await;
    position(&platform, "SPL", "100").await;
    let found = position(&platform, "SPL", "200").await;
    assert_eq!(found["lots"][0]["price"], "5");
    verified(platform).await;
}

#[tokio::test]
async fn instrument_is_booked_and_read_under_its_markets_name() {
    let platform = embedded().await;
    for (trade, instrument, path) in [
        ("I-1", "BRK/B", "BRK%2FB"),
        ("I-2", "EUR/USD", "EUR%2FUSD"),
        ("I-3", "SPXW  260120P06835000", "SPXW%20%20260120P06835000"),
    ] {
        let mut order = order(trade, instrument, 2);
        order["multiplier"] = "100".into();
        book(&platform, order).await;
        filled(&platform, trade, "E-1", 2).await;
        let found = position(&platform, path, "2").await;
        assert_eq!(
            (&found["instrument"], &found["cost"]),
            (&json!(instrument), &json!("2000"))
        );
    }
    let mut blank = order("I-4", "BRK//B", 2);
    blank["instrument"] = " BRK".into();
    let request = platform.request(&platform.token("demo"), "/v1/trades", &blank);
    assert_eq!(
        request.send().await.unwrap().status(),
        StatusCode::BAD_REQUEST
    );
    verified(platform).await;
}

/// A drop copy reports fills and, on the same session, their cancels and corrections.
#[tokio::test]
async fn venue_busts_its_own_fill_by_http_and_by_kafka() {
    let platform = production_with(
        r#"
        [[kafka.producers]]
        context = "trades"
        tenant = "demo"
        actor = "drop-copy"

        [[venues]]
        tenant = "demo"
        actor = "drop-copy"
        "#,
    )
    .await;
    book(&platform, order("D-1", "VEN", 10)).await;
    let (fills, busts) = ("/v1/trades/D-1/fills", "/v1/trades/D-1/busts");
    let venue = platform.token_with(&["--actor", "drop-copy", "--service"]);
    // A person of that name is a person.
    let person = platform.token_with(&["--actor", "drop-copy"]);
    send_with(&platform, &person, fills, fill("P", 1)).await;
    let own = json!({ "exec_id": "P" });
    let request = platform.request(&person, busts, &own).send().await;
    let refused = answer(request.unwrap()).await;
    assert_eq!(refused.code(), "FOUR_EYES", "{refused:?}");
    send(&platform, "control", busts, own).await;
    send_with(&platform, &venue, fills, fill("X", 4)).await;
    position(&platform, "VEN", "4").await;
    let bust = json!({ "exec_id": "X" });
    send_with(&platform, &venue, busts, bust).await;
    position(&platform, "VEN", "0").await;
    let found = trade(&platform, "D-1").await;
    assert_eq!(
        (&found["state"], &found["cum_quantity"]),
        (&json!("Booked"), &json!("0"))
    );

    let outsider = Outsider::of(&platform);
    let bust = json!({ "exec_id": "Y" });
    for (kind, data, quantity) in [("RecordFill", fill("Y", 3), "3"), ("BustFill", bust, "0")] {
        let record = json!({ "id": format!("{kind}-Y"), "type": kind, "data": data }).to_string();
        let raw = Raw {
            key: Some(b"demo/D-1"),
            value: Some(record.as_bytes()),
            ..Raw::default()
        };
        outsider.send("trades", raw).await;
        position(&platform, "VEN", quantity).await;
    }
    verified(platform).await;
}
