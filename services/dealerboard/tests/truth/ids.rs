//! What is accepted under an id can be read under it.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::eventually;
use testkit::platform::Platform;

use crate::desk::{booking, embedded, production_with, value};
use crate::kafka::{Outsider, Raw};

const WAIT: Duration = Duration::from_secs(60);

/// Names that a path does not keep, or a client cannot send.
const LOST: [&str; 9] = ["", ".", "..", "%2e", "%2E%2e", ".%2E", " T", "T ", "a/../b"];

#[tokio::test]
async fn id_that_a_path_would_lose_is_refused_by_every_body() {
    let platform = embedded().await;
    for id in LOST {
        refused(&platform, "/v1/trades", &booking(id, 1)).await;
        for part in ["account", "book", "instrument"] {
            let mut body = booking("T-1", 1);
            body[part] = id.into();
            refused(&platform, "/v1/trades", &body).await;
        }
        let conversation = json!({
            "conversation_id": id, "customer_id": "c", "channel": "chat",
        });
        refused(&platform, "/v1/conversations", &conversation).await;
        refused(&platform, "/v1/queues", &json!({ "queue_id": id })).await;
    }
    platform.discard().await;
}

#[tokio::test]
async fn id_that_a_path_would_lose_is_refused_by_every_path() {
    let platform = embedded().await;
    // As a client sends it that resolves nothing.
    for id in ["%2e", "%2E%2e", "%252e", "%252e%252e", "%20T"] {
        for (path, body) in [
            (format!("/v1/trades/{id}/cancellations"), json!({})),
            (
                format!("/v1/agents/{id}/heartbeats"),
                json!({ "session_id": "s" }),
            ),
            (format!("/v1/conversations/{id}/cancellations"), json!({})),
            (format!("/v1/queues/{id}/settings"), json!({})),
            (
                format!("/v1/positions/A/{id}/X/lot-method"),
                json!({ "lot_method": "LIFO" }),
            ),
        ] {
            let answer = raw_post(&platform, &path, &body).await;
            assert!(matches!(answer, 400 | 404), "{path}: {answer}");
        }
    }
    platform.discard().await;
}

#[tokio::test]
async fn key_that_a_path_would_lose_is_parked_and_delays_no_other() {
    let producer =
        "[[kafka.producers]]\ncontext = \"trades\"\ntenant = \"demo\"\nactor = \"oms\"\n";
    let platform = production_with(producer).await;
    let outsider = Outsider::of(&platform);
    let data = crate::desk::terms(1);
    let envelope = json!({ "id": "k-1", "type": "BookTrade", "data": data }).to_string();
    for id in LOST {
        let key = format!("demo/{id}");
        let raw = Raw {
            key: Some(key.as_bytes()),
            value: Some(envelope.as_bytes()),
            ..Raw::default()
        };
        let (partition, offset) = outsider.send("trades", raw).await;
        let place = (i64::from(partition), offset);
        let notice = eventually(&key, WAIT, async || {
            outsider.outcomes("trades").remove(&place)
        });
        assert_eq!(notice.await["reason"], "bad_key", "{key}");
    }
    platform
        .post("demo", "/v1/trades", &booking("T-1", 1))
        .await;
    platform.discard().await;
}

/// Characters that a client writes as `%25` and `%2B` arrive as what they are.
#[tokio::test]
async fn id_with_a_percent_or_a_plus_is_read_as_it_was_written() {
    let platform = embedded().await;
    for (id, written) in [
        ("50%", "50%25"),
        ("a+b", "a%2Bb"),
        ("a+b", "a+b"),
        ("%41", "%2541"),
    ] {
        platform.post("demo", "/v1/trades", &booking(id, 1)).await;
        let trade = value(&platform, "demo", &format!("/v1/trades/{written}")).await;
        assert_eq!(trade.unwrap()["trade_id"], id);
    }
    platform.discard().await;
}

async fn refused(platform: &Platform, path: &str, body: &Value) {
    let answer = platform.send("demo", path, body).await;
    let status = answer.status();
    let text = answer.text().await.unwrap();
    let known = [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY];
    assert!(known.contains(&status), "{path} {body}: {status} {text}");
}

/// The path to the letter: a client library would resolve it first.
async fn raw_post(platform: &Platform, path: &str, body: &Value) -> u16 {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let address = platform.url().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let (token, body) = (platform.token("demo"), body.to_string());
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\
         prefer: wait=10\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status")
}
