//! A fact has one door: no other sender can send the commands of a reaction.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::eventually;

use crate::desk::{booking, embedded, fill, production, production_with, value};
use crate::kafka::{Outsider, Raw};

const WAIT: Duration = Duration::from_secs(60);
const POSITION: &str = "/v1/positions/A1/PROP/X";

/// Who records fills may not bust them, by no way.
#[tokio::test]
async fn fills_of_a_position_are_changed_by_its_trades_alone() {
    let platform = embedded().await;
    platform
        .post("demo", "/v1/trades", &booking("T-1", 1))
        .await;
    platform
        .post("demo", "/v1/trades/T-1/fills", &fill("E-1", 1))
        .await;
    eventually("the position", WAIT, async || {
        value(&platform, "demo", POSITION).await
    })
    .await;
    for (noun, body) in [
        ("busts", json!({ "exec_id": "E-1" })),
        (
            "corrections",
            json!({ "exec_id": "E-1", "quantity": "2", "price": "1", "fee": "0" }),
        ),
        ("fills", apply_fill()),
    ] {
        let path = format!("{POSITION}/{noun}");
        let answer = platform.send("demo", &path, &body).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{noun}");
    }
    let bust = json!({ "exec_id": "E-1" });
    let answer = platform.send("demo", "/v1/trades/T-1/busts", &bust).await;
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["code"], "FOUR_EYES", "{body}");
    let position = value(&platform, "demo", POSITION).await.unwrap();
    assert_eq!(
        (&position["version"], &position["quantity"]),
        (&json!(2), &json!("1"))
    );
    platform.discard().await;
}

#[tokio::test]
async fn producer_cannot_tell_what_reactions_and_timers_tell() {
    let contexts = [
        "positions",
        "trades",
        "agents",
        "conversations",
        "decisions",
        "queues",
    ];
    let producers: String = contexts
        .iter()
        .map(|context| {
            format!(
                "[[kafka.producers]]\ncontext = \"{context}\"\ntenant = \"demo\"\nactor = \"oms\"\n"
            )
        })
        .collect();
    let platform = production_with(&producers).await;
    let outsider = Outsider::of(&platform);
    let note = json!({ "exec_id": "E-1", "report": "fill", "code": "X", "detail": "x" });
    let commands = [
        ("positions", "A1/PROP/X", "ApplyFill", apply_fill()),
        (
            "positions",
            "A1/PROP/X",
            "BustFill",
            json!({ "exec_id": "E-1" }),
        ),
        ("trades", "T-1", "NoteRefusal", note),
        (
            "agents",
            "ann",
            "ActivateSlot",
            json!({ "offer_id": "O-1" }),
        ),
        (
            "conversations",
            "C-1",
            "ConnectOffer",
            json!({ "offer_id": "O-1" }),
        ),
        (
            "decisions",
            "D-1",
            "RecordMatch",
            json!({ "offer_id": "O-1", "agent_id": "ann" }),
        ),
        ("queues", "Q-1", "ReportServed", json!({})),
    ];
    let mut places = Vec::new();
    for (context, aggregate, kind, data) in commands {
        let envelope = json!({ "id": format!("{context}-{kind}"), "type": kind, "data": data });
        let (key, value) = (format!("demo/{aggregate}"), envelope.to_string());
        let raw = Raw {
            key: Some(key.as_bytes()),
            value: Some(value.as_bytes()),
            ..Raw::default()
        };
        places.push((context, kind, outsider.send(context, raw).await));
    }
    for (context, kind, (partition, offset)) in places {
        let place = (i64::from(partition), offset);
        let notice = eventually(kind, WAIT, async || {
            outsider.outcomes(context).remove(&place)
        })
        .await;
        assert_eq!(
            notice["reason"], "not_allowed",
            "{context} {kind}: {notice}"
        );
    }
    assert_eq!(value(&platform, "demo", POSITION).await, None);
    platform.discard().await;
}

#[tokio::test]
async fn no_caller_is_admitted_under_a_name_of_the_platforms_own() {
    let platform = production().await;
    for actor in ["timer", "router", "reaction:fills-to-positions"] {
        let token = platform
            .command()
            .args(["token", "--actor", actor])
            .output()
            .unwrap();
        assert!(!token.status.success(), "{actor}: {token:?}");
    }
    let producer =
        "[[kafka.producers]]\ncontext = \"trades\"\ntenant = \"demo\"\nactor = \"timer\"\n";
    let file = platform.folder().join("producer.toml");
    std::fs::write(&file, producer).unwrap();
    let mut other = platform.command();
    other.arg("verify").env("DEALERBOARD_CONFIG", &file);
    let output = other.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && text.contains("a name of the platform's own"),
        "{text}"
    );
    platform.discard().await;
}

fn apply_fill() -> Value {
    json!({
        "exec_id": "E-9", "side": "BUY", "quantity": "1", "price": "1", "fee": "0",
        "currency": "USD", "traded_at": "2026-03-02T15:30:00Z",
    })
}
