//! Only what is proven to be a key's own command holds the key up; the sender of a parked record
//! gets a notice of it.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::eventually;

use crate::desk::{booking, fill, production_with, terms, value};
use crate::kafka::{Outsider, Raw};

const WAIT: Duration = Duration::from_secs(60);
const PRODUCER: &str = r#"
    [[kafka.producers]]
    context = "trades"
    tenant = "demo"
    actor = "drop-copy"
"#;

#[tokio::test]
async fn what_proves_nothing_or_cannot_be_read_delays_no_other() {
    let platform = production_with(PRODUCER).await;
    let outsider = Outsider::of(&platform);
    let envelope = |id: &str, kind: &str| {
        let envelope = json!({ "id": id, "type": kind, "data": terms(1) });
        envelope.to_string().into_bytes()
    };
    let cloud_event = json!({
        "specversion": "1.0", "id": "e-1", "source": "oms", "type": "CancelTrade",
        "datacontenttype": "application/json", "data": {},
    })
    .to_string();
    let (data, book) = (terms(1).to_string(), envelope("k-1", "BookTrade"));
    let internal = envelope("k-2", "Explode");
    let junk: Vec<(&str, &str, Raw<'_>)> = vec![
        (
            "another tenant's key",
            "not_authentic",
            raw(b"acme/T-9", Some(&book), vec![]),
        ),
        ("a tombstone", "undecodable", raw(b"demo/T-9", None, vec![])),
        (
            "no JSON",
            "undecodable",
            raw(b"demo/T-9", Some(b"{ nonsense"), vec![]),
        ),
        (
            "bytes",
            "unknown_schema",
            raw(b"demo/T-9", Some(b"\0\0\0\x30\x39\x01"), vec![]),
        ),
        (
            "an unknown type",
            "unknown_type",
            raw(b"demo/T-9", Some(&internal), vec![]),
        ),
        (
            "a quoted header",
            "unknown_type",
            raw(
                b"demo/T-9",
                Some(data.as_bytes()),
                vec![("command-id", b"k-3"), ("command-type", b"\"BookTrade\"")],
            ),
        ),
        (
            "a header that is no text",
            "undecodable",
            raw(
                b"demo/T-9",
                Some(data.as_bytes()),
                vec![("command-id", b"k-4"), ("command-type", b"Book\xffTrade")],
            ),
        ),
        (
            "a version that is no number",
            "undecodable",
            raw(
                b"demo/T-9",
                Some(data.as_bytes()),
                vec![
                    ("command-id", b"k-5"),
                    ("command-type", b"BookTrade"),
                    ("expected-version", b"0,\"tenant\":\"acme\""),
                ],
            ),
        ),
        (
            "a structured CloudEvent",
            "undecodable",
            raw(
                b"demo/T-9",
                Some(cloud_event.as_bytes()),
                vec![(
                    "content-type",
                    b"application/cloudevents+json; charset=UTF-8",
                )],
            ),
        ),
        (
            "a signature that does not hold",
            "not_authentic",
            raw(
                b"demo/T-9",
                Some(&book),
                vec![("signature", b"v1.local.AAAA")],
            ),
        ),
        (
            "a key of no tenant",
            "bad_key",
            raw(b"T-9", Some(&book), vec![]),
        ),
    ];
    let mut places = Vec::new();
    for (what, reason, raw) in junk {
        places.push((what, reason, outsider.send("trades", raw).await));
    }
    for tenant in ["demo", "acme"] {
        platform
            .post(tenant, "/v1/trades", &booking("T-9", 2))
            .await;
        platform
            .post(tenant, "/v1/trades/T-9/fills", &fill("E-1", 2))
            .await;
        let trade = value(&platform, tenant, "/v1/trades/T-9").await.unwrap();
        assert_eq!(trade["state"], "Executed", "{tenant}");
    }
    let outcomes = eventually("all notices", WAIT, async || {
        let outcomes = outsider.outcomes("trades");
        (outcomes.len() == places.len()).then_some(outcomes)
    })
    .await;
    for (what, reason, (partition, offset)) in places {
        let notice = &outcomes[&(partition.into(), offset)];
        assert_eq!(notice["reason"], reason, "{what}: {notice}");
        assert_eq!(notice["status"], "parked", "{what}: {notice}");
    }
    // Its sender is proven, so it can ask by its own key.
    let unknown = value(&platform, "demo", "/v1/commands/k-3").await.unwrap();
    assert_eq!(unknown["reason"], "unknown_type");
    assert_eq!(value(&platform, "acme", "/v1/commands/k-1").await, None);
    platform.discard().await;
}

#[tokio::test]
async fn producer_hears_what_was_refused_and_finds_its_commands_by_its_own_key() {
    let platform = production_with(PRODUCER).await;
    let outsider = Outsider::of(&platform);
    let send = async |trade: &str, id: &str, kind: &str, data: Value| {
        let envelope = json!({ "id": id, "type": kind, "data": data }).to_string();
        let key = format!("demo/{trade}");
        let raw = raw(key.as_bytes(), Some(envelope.as_bytes()), vec![]);
        outsider.send("trades", raw).await
    };
    send("T-1", "oms-4711", "BookTrade", terms(1)).await;
    let reused = send("T-1", "oms-4711", "BookTrade", terms(2)).await;
    send("T-2", "oms-4711", "BookTrade", terms(3)).await;
    let refused = send("T-3", "oms-4712", "RecordFill", fill("E-1", 1)).await;
    let outcomes = eventually("both notices", WAIT, async || {
        let outcomes = outsider.outcomes("trades");
        (outcomes.len() == 2).then_some(outcomes)
    })
    .await;
    for ((partition, offset), code) in [(reused, "COMMAND_ID_REUSED"), (refused, "NOT_BOOKED")] {
        let notice = &outcomes[&(partition.into(), offset)];
        assert_eq!(notice["status"], "rejected", "{notice}");
        assert_eq!(notice["producer"], "drop-copy", "{notice}");
        if code == "COMMAND_ID_REUSED" {
            assert_eq!(notice["code"], code, "{notice}");
        }
    }
    let both = value(&platform, "demo", "/v1/commands/oms-4711")
        .await
        .unwrap();
    let both = both["commands"].as_array().unwrap();
    let trades: Vec<_> = both.iter().map(|one| &one["aggregate_id"]).collect();
    assert_eq!(trades.len(), 2, "{both:?}");
    assert!(trades.contains(&&json!("T-1")) && trades.contains(&&json!("T-2")));
    platform.discard().await;
}

fn raw<'a>(key: &'a [u8], value: Option<&'a [u8]>, headers: Vec<(&'a str, &'a [u8])>) -> Raw<'a> {
    Raw {
        key: Some(key),
        value,
        headers,
        partition: None,
    }
}

/// The policies hold for records as for requests; what they refuse holds up nobody.
#[tokio::test]
async fn producer_sends_what_its_roles_permit() {
    let producers = r#"
        [[kafka.producers]]
        context = "trades"
        tenant = "demo"
        actor = "risk-engine"
        roles = ["risk"]
        [[kafka.producers]]
        context = "conversations"
        tenant = "demo"
        actor = "chat-channel"
    "#;
    let platform = production_with(producers).await;
    let outsider = Outsider::of(&platform);
    let envelope = |kind: &str, data: Value| {
        json!({ "id": format!("k-{kind}"), "type": kind, "data": data })
            .to_string()
            .into_bytes()
    };
    let book = envelope("BookTrade", terms(1));
    let (partition, offset) = outsider
        .send("trades", raw(b"demo/T-1", Some(&book), vec![]))
        .await;
    let opening = json!({"customer_id": "C-1", "channel": "chat", "intent": "order"});
    let create = envelope("Create", opening);
    outsider
        .send("conversations", raw(b"demo/V-1", Some(&create), vec![]))
        .await;
    let notice = eventually("the notice", WAIT, async || {
        outsider
            .outcomes("trades")
            .get(&(partition.into(), offset))
            .cloned()
    })
    .await;
    assert_eq!(notice["reason"], "not_allowed", "{notice}");
    let detail = notice["detail"].as_str().unwrap();
    assert!(
        detail.contains("risk-engine needs the permission trades:book"),
        "{notice}"
    );
    // The key it claimed is free, and what the channel may send is done.
    platform
        .post("demo", "/v1/trades", &booking("T-1", 2))
        .await;
    eventually("the conversation", WAIT, async || {
        value(&platform, "demo", "/v1/conversations/V-1").await
    })
    .await;
    platform.discard().await;
}
