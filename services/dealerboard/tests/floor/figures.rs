//! Figures over HTTP: what a short morning came to, and what a promise needs.

use kernel::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::desk::Desk;

#[tokio::test]
async fn answered_conversation_is_counted_for_its_queue_and_its_agent() {
    let desk = Desk::embedded().await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    desk.waits("V-1").await;
    desk.is_answered("V-1", "ann").await;
    desk.conversation("V-1", ":end", json!({"by": "agent"}))
        .await;
    let query = "/v1/metrics?queue=FX-VIP&channel=chat&service_level=SL3";
    let is_over = |report: &Value| report["rows"][0]["handled"] == 1;
    let report = desk.shows(query, is_over).await;
    let row = &report["rows"][0];
    assert_eq!(
        row["service_level"],
        json!({"value": 1.0, "numerator": 1, "denominator": 1})
    );
    assert_eq!(row["offers"]["accepted"], 1, "{row}");
    let other = desk.reads("/v1/metrics?channel=voice").await;
    assert_eq!(other["rows"][0]["queued"], 0, "{other}");

    let ann = desk.reads("/v1/metrics/agents/ann").await;
    let presences = ann["presence"]["intervals"].as_array().unwrap();
    assert_eq!(presences.last().unwrap()["presence"], "available", "{ann}");
    let plan = json!({"schedule": [
        {"from": presences[0]["from"], "to": presences[0]["to"], "activity": "on_queue"},
    ]});
    let adherence = desk.asks("/v1/metrics/agents/ann/adherence", plan).await;
    assert_eq!(
        adherence["adherence"]["value"], 0.0,
        "she was away: {adherence}"
    );
    let live = desk.reads("/v1/queues/FX-VIP/live").await;
    assert_eq!(
        (
            &live["floor"]["waiting"],
            &live["today"]["today"]["answered"]
        ),
        (&json!(0), &json!(1))
    );
    let zoned = "/v1/queues/FX-VIP/live?zone=Asia/Kolkata";
    let from = &desk.reads(zoned).await["today"]["today"]["from"];
    let from = from.as_str().unwrap();
    assert!(from.ends_with("T18:30:00Z"), "midnight there: {from}");
    let refused = desk.refused_reading("/v1/queues/FX-VIP/live?zone=Mars/Olympus");
    assert_eq!(refused.await.0, StatusCode::BAD_REQUEST);
    desk.discard().await;
}

/// Zeros would mean a quiet queue.
#[tokio::test]
async fn unknown_agents_and_queues_have_no_figures() {
    let desk = Desk::embedded().await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    desk.agent_is("ann", "available").await;
    desk.shows("/v1/metrics/agents/ann", |shown| {
        shown["figures"].is_object()
    })
    .await;
    let not_found = (StatusCode::NOT_FOUND, "NOT_FOUND".to_owned());
    for unknown in [
        "/v1/queues/UNKNOWN/live",
        "/v1/metrics?queue=UNKNOWN",
        "/v1/metrics?queue=UNKNOWN&as_of=2026-01-05T15:30:00Z",
        "/v1/metrics/agents/eve",
        "/v1/metrics/agents/ann?queue=UNKNOWN",
    ] {
        assert_eq!(desk.refused_reading(unknown).await, not_found, "{unknown}");
    }
    for unknown in ["eve/adherence", "ann/adherence?queue=UNKNOWN"] {
        let path = format!("/v1/metrics/agents/{unknown}");
        let refused = desk.refusal(&path, json!({"schedule": []})).await;
        assert_eq!(refused, not_found, "{path}");
    }
    // Served by ann, though no conversation has waited in it.
    let quiet = desk.reads("/v1/metrics?queue=FX-VIP").await;
    assert_eq!(quiet["rows"][0]["queued"], 0, "{quiet}");
    desk.discard().await;
}

/// Kolkata's midnight is half past six in the evening of Greenwich.
#[tokio::test]
async fn queue_has_days_of_its_own() {
    let desk = Desk::embedded().await;
    let zone = |zone: &str| json!({"queue_id": "FX-VIP", "zone": zone});
    desk.asks("/v1/queues", zone("Asia/Kolkata")).await;
    let is_midnight = |from: &Value| {
        from.as_str()
            .is_some_and(|from| from.ends_with("T18:30:00Z"))
    };
    desk.shows("/v1/queues/FX-VIP/live", |live| {
        is_midnight(&live["today"]["today"]["from"])
    })
    .await;
    let report = desk.reads("/v1/metrics?queue=FX-VIP").await;
    assert!(is_midnight(&report["settings"]["from"]), "{report}");
    assert_eq!(report["settings"]["zone"], "Asia/Kolkata");
    let london = "/v1/metrics?queue=FX-VIP&zone=Europe/London&day=2026-03-29";
    let row = &desk.reads(london).await["rows"][0];
    assert_eq!(
        (&row["from"], &row["to"]),
        (
            &json!("2026-03-29T00:00:00Z"),
            &json!("2026-03-29T23:00:00Z")
        )
    );
    let refused = desk.refusal("/v1/queues", zone("Mars/Olympus")).await;
    let unknown = (StatusCode::UNPROCESSABLE_ENTITY, "ZONE_UNKNOWN".to_owned());
    assert_eq!(refused, unknown);
    desk.discard().await;
}

/// The bot's greeting comes before ann's first word, and only hers is a response.
#[tokio::test]
async fn greeting_of_a_bot_is_no_first_response() {
    let desk = Desk::embedded().await;
    desk.comes_to_serve("ann", "FX-VIP", json!({})).await;
    desk.waits("V-2").await;
    desk.is_answered("V-2", "ann").await;
    desk.writes("V-2", "welcome-bot", "g1").await;
    desk.writes("V-2", "ann", "g2").await;
    let responded =
        |report: &Value| report["rows"][0]["first_response_ms"]["denominator"] != json!(0);
    let report = desk.shows("/v1/metrics?queue=FX-VIP", responded).await;
    let shown = desk.reads("/v1/conversations/V-2").await;
    let at = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    let written = shown["timeline"].as_array().unwrap().iter();
    let mut written = written.filter(|entry| entry["event"] == "MessageQueued");
    let by_ann = at(&written.next_back().unwrap()["at"]);
    let waited = by_ann.millis_since(at(&shown["clocks"]["enqueued_at"]));
    assert_eq!(
        report["rows"][0]["first_response_ms"]["numerator"], waited,
        "{report} {shown}"
    );
    desk.discard().await;
}

/// The figures of pyworkforce's documentation: 100 calls in half an hour, 180 s each.
#[tokio::test]
async fn staffing_tells_what_a_promise_needs_and_refuses_what_has_no_answer() {
    let desk = Desk::embedded().await;
    let load = "/v1/metrics/staffing?arrivals_per_hour=200&aht_s=180";
    let patient = desk.reads(&format!("{load}&shrinkage=0.3")).await;
    assert_eq!(
        (&patient["model"], &patient["agents"]),
        (&json!("erlang_c"), &json!(14))
    );
    assert_eq!(patient["agents_planned"], 20);
    let impatient = desk.reads(&format!("{load}&patience_s=300")).await;
    assert_eq!(
        (&impatient["model"], &impatient["agents"]),
        (&json!("erlang_a"), &json!(13))
    );
    let level = impatient["service_level"].as_f64().unwrap();
    assert!((level - 0.858_178).abs() < 1e-5, "{impatient}");
    for model in ["erlang_c", "erlang_a"] {
        let patience = if model == "erlang_a" {
            "&patience_s=60"
        } else {
            ""
        };
        let idle = format!("/v1/metrics/staffing?arrivals_per_hour=0&aht_s=180{patience}");
        let idle = desk.reads(&idle).await;
        assert_eq!(
            (&idle["model"], &idle["agents"]),
            (&json!(model), &json!(0))
        );
        assert_eq!(idle["service_level"], 1.0);
    }
    let malformed = (StatusCode::BAD_REQUEST, "PARAMETER_MALFORMED".to_owned());
    for nonsense in [
        "aht_s=0",
        "aht_s=180&target=1",
        "aht_s=180&target=80",
        "aht_s=180&patience_s=0",
    ] {
        for calls in ["0", "200", "200&agents=20", "0&agents=20"] {
            let query = format!("/v1/metrics/staffing?arrivals_per_hour={calls}&{nonsense}");
            assert_eq!(desk.refused_reading(&query).await, malformed, "{query}");
        }
    }
    for query in [
        &format!("{load}&agents=10"),
        "/v1/floor?as_of=2999-01-01T00:00:00Z",
    ] {
        assert_eq!(desk.refused_reading(query).await, malformed, "{query}");
    }
    desk.discard().await;
}
