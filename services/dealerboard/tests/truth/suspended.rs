//! Records of a tenant that is not served are kept, and hold up nobody.

use std::cell::Cell;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{booking, production_with, terms, value};
use crate::kafka::{Outsider, Raw};

const WAIT: Duration = Duration::from_secs(60);
const MANAGED: &str = r#"
    [tenants]
    managed_by = "platform"
    registered_only = true
    [[kafka.producers]]
    context = "trades"
    tenant = "demo"
    actor = "oms"
    outcomes = "all"
"#;

#[tokio::test]
async fn records_of_a_suspended_tenant_are_parked_and_redriven() {
    let platform = production_with(MANAGED).await;
    let outsider = Outsider::of(&platform);
    let early = books(&outsider, "T-0").await;
    let notice = notice_of(&outsider, early).await;
    assert_eq!(notice["reason"], "tenant_unknown", "{notice}");

    let (root, id) = ("platform", json!({"tenant_id": "demo", "title": "Demo"}));
    platform.post(root, "/v1/tenants", &id).await;
    let reason = json!({"reason": "unpaid"});
    served(&platform, true).await;
    let first = books(&outsider, "T-1").await;
    assert_eq!(notice_of(&outsider, first).await["status"], "accepted");

    platform
        .post(root, "/v1/tenants/demo:suspend", &reason)
        .await;
    served(&platform, false).await;
    // The processor follows by itself; what it takes until then is a trade like others.
    let tries = Cell::new(0);
    let late = eventually("the processor to follow", WAIT, async || {
        let trade = format!("L-{}", tries.replace(tries.get() + 1));
        let place = books(&outsider, &trade).await;
        let notice = notice_of(&outsider, place).await;
        (notice["reason"] == "tenant_suspended").then_some(trade)
    })
    .await;

    platform
        .post(root, "/v1/tenants/demo:resume", &json!({}))
        .await;
    served(&platform, true).await;
    // The key is free: nothing waits behind what was parked.
    platform
        .post("demo", "/v1/trades", &booking(&late, 1))
        .await;
    let redriven = platform.command().args(REDRIVE).output().unwrap();
    assert!(redriven.status.success(), "{redriven:?}");
    for trade in ["T-0", &late] {
        eventually(trade, WAIT, async || {
            value(&platform, "demo", &format!("/v1/trades/{trade}")).await
        })
        .await;
    }
    platform.discard().await;
}

const REDRIVE: [&str; 8] = [
    "dead-letters",
    "redrive",
    "--all",
    "--by",
    "alice",
    "--approved-by",
    "bob",
    "--yes",
];

async fn served(platform: &Platform, is_served: bool) {
    eventually("the tenant as wanted", WAIT, async || {
        let answer = platform.get("demo", "/v1/trades").await;
        (answer.status().is_success() == is_served).then_some(())
    })
    .await;
}

/// The record's partition and offset.
async fn books(outsider: &Outsider, trade: &str) -> (i64, i64) {
    let envelope = json!({"id": format!("k-{trade}"), "type": "BookTrade", "data": terms(1)});
    let (key, value) = (format!("demo/{trade}"), envelope.to_string());
    let raw = Raw {
        key: Some(key.as_bytes()),
        value: Some(value.as_bytes()),
        ..Raw::default()
    };
    let (partition, offset) = outsider.send("trades", raw).await;
    (partition.into(), offset)
}

async fn notice_of(outsider: &Outsider, place: (i64, i64)) -> Value {
    eventually("the notice", WAIT, async || {
        outsider.outcomes("trades").remove(&place)
    })
    .await
}
