//! Answers to questions, as they change.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};
use testkit::platform::Platform;

use crate::reader::{BINARY, Frame, Stream, ask};

const FLOOR: &str = "?question=/v1/floor";
const QUEUE: &str = "/v1/queues/FX%25VIP/live?zone=Europe/Zurich";

#[tokio::test]
async fn answers_come_as_a_get_gives_them() {
    as_a_get_gives_them(Platform::embedded(BINARY).await).await;
}

#[tokio::test]
async fn answers_come_as_a_get_gives_them_in_production() {
    as_a_get_gives_them(Platform::production(BINARY).await).await;
}

async fn as_a_get_gives_them(platform: Platform) {
    let mut floor = Stream::open(&platform, "demo", FLOOR).await;
    let mut another_tenants = Stream::open(&platform, "acme", FLOOR).await;
    assert_eq!(floor.next().await.event, "hello");
    let first = answer_of(&floor.next().await, "/v1/floor");
    assert_eq!(first["agents"], json!([]), "{first}");
    signs_in(&platform, "ann").await;
    until(&mut floor, |floor| on_floor(floor, "ann")).await;
    waits(&platform, "V-1").await;

    // Two questions and a view on one stream.
    let query = format!("{FLOOR}&view=agents&question={}", escaped(QUEUE));
    let mut all = Stream::open(&platform, "demo", &query).await;
    let mut seen = BTreeSet::new();
    all.next_where(|frame| {
        if frame.event == "answer" {
            let frame = frame.json();
            let question = frame["question"].as_str().unwrap();
            let waits = |figures: &str| frame["answer"][figures]["waiting"] == 1;
            // Floor and figures follow each for itself.
            if question == QUEUE && !(waits("floor") && waits("today")) {
                return false;
            }
            seen.insert(question.to_owned());
        }
        seen.len() == 2
    })
    .await;
    signs_in(&platform, "bob").await;
    let (mut is_viewed, mut is_on_floor) = (false, false);
    all.next_where(|frame| {
        is_viewed |= frame.event == "agents" && frame.json()["agent_id"] == "bob";
        is_on_floor |= frame.event == "answer" && on_floor(&frame.json()["answer"], "bob");
        is_viewed && is_on_floor
    })
    .await;

    let got = platform.get("demo", "/v1/floor").await;
    let got: Value = got.json().await.unwrap();
    until(&mut floor, |told| told["agents"] == got["agents"]).await;
    let theirs = answer_of(&another_tenants.next_of("answer").await, "/v1/floor");
    assert_eq!(theirs["agents"], json!([]), "{theirs}");
    platform.discard().await;
}

#[tokio::test]
async fn questions_that_cannot_be_watched_are_refused() {
    let platform = Platform::embedded(BINARY).await;
    Stream::open(&platform, "demo", FLOOR).await;
    let can = "is no question that can be watched; there are /v1/floor, /v1/metrics,";
    let many = (0..17).map(|n| format!("&question=/v1/metrics/agents/ann?bucket_s={n}"));
    let many = many.collect::<String>().replacen('&', "?", 1);
    for (query, status, says) in [
        ("?question=/v1/trades", 400, &*format!("`/v1/trades` {can}")),
        ("?question=/v1/agents/match", 400, can),
        ("?question=/v1/metrics/staffing", 400, can),
        ("?question=/v1/metrics/agents/ann/adherence", 400, can),
        ("?question=", 400, can),
        (
            "?question=/v1/floor?as_of=2026-03-02T15:30:00Z",
            400,
            "`as_of` is not known here",
        ),
        (
            "?question=/v1/queues/NONE/live",
            404,
            "no queue has that name",
        ),
        ("?question=/v1/floor&account=A", 400, "none of the views"),
        (&many, 400, ""),
    ] {
        let answer = ask(&platform, "demo", query, "").await;
        assert_eq!(answer.status().as_u16(), status, "{query}");
        let problem: Value = answer.json().await.unwrap();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{query}: {detail}");
    }
    let agent = platform.token_with(&["--actor", "ann", "--role", "trader"]);
    let asked = reqwest::Client::new()
        .get(format!("{}/v1/live{FLOOR}", platform.url()))
        .bearer_auth(agent);
    let refused = asked.send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["permission"], "figures:read", "{problem}");
}

/// The first floor that is as it should be.
async fn until(stream: &mut Stream, holds: impl Fn(&Value) -> bool) {
    let is_it = |frame: &Frame| frame.event == "answer" && holds(&answer_of(frame, "/v1/floor"));
    stream.next_where(is_it).await;
}

fn on_floor(floor: &Value, agent: &str) -> bool {
    let mut agents = floor["agents"].as_array().into_iter().flatten();
    agents.any(|shown| shown["agent_id"] == agent)
}

#[track_caller]
fn answer_of(frame: &Frame, question: &str) -> Value {
    assert_eq!(frame.event, "answer");
    let frame = frame.json();
    assert_eq!(frame["question"], question);
    assert!(frame["age_s"].is_u64(), "{frame}");
    frame["answer"].clone()
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('?', "%3F")
}

async fn signs_in(platform: &Platform, agent: &str) {
    let session =
        json!({"session_id": format!("S-{agent}"), "device": "browser", "channels": ["chat"]});
    let path = format!("/v1/agents/{agent}/sessions");
    platform.post("demo", &path, &session).await;
}

async fn waits(platform: &Platform, conversation: &str) {
    let create = json!({"conversation_id": conversation, "customer_id": "C-1", "channel": "chat", "intent": "order"});
    platform.post("demo", "/v1/conversations", &create).await;
    let enqueue = json!({"queue": "FX%VIP", "requirements": []});
    let path = format!("/v1/conversations/{conversation}:enqueue");
    platform.post("demo", &path, &enqueue).await;
}
