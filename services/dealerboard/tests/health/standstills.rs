//! Stalled workers are named, and what went wrong on Kafka is read from the store.

use reqwest::StatusCode;
use serde_json::json;
use testkit::platform::Platform;
use testkit::servers::statement;

use crate::site::{
    AGREED, BINARY, Operator, PARTITIONS, accept, booking, home, is_ready, light, skip, turns,
    value,
};

const RED: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

#[tokio::test(flavor = "multi_thread")]
async fn every_process_answers_whatever_its_roles() {
    let platform = Platform::production_as(BINARY, "gateway").await;
    for role in ["processor", "projector", "reactor", "router"] {
        let (_process, url) = platform.role(role).await;
        turns(&url, "/readyz", StatusCode::OK, &["\"workers\""]).await;
        turns(&url, "/readyz?verbose", StatusCode::OK, &["moved_s_ago"]).await;
        let (status, report) = light(&url, "/readyz/reads").await.unwrap();
        assert_eq!(status, StatusCode::NOT_FOUND, "{report}");
        assert_eq!(light(&url, "/livez").await.unwrap().0, StatusCode::OK);
        let metrics = reqwest::get(format!("{url}/metrics")).await.unwrap();
        assert!(metrics.status().is_success());
    }
    platform.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unhandled_commands_turn_their_light_red() {
    let platform = Platform::production_as(BINARY, "gateway").await;
    is_ready(&platform).await;
    accept(&platform, "T-1").await;
    let partition = format!("trades/{}", home("T-1"));
    let words = ["no process handles the commands of", &partition];
    turns(platform.url(), "/readyz/commands", RED, &words).await;
    // Reads are promised all the same.
    let (status, report) = light(platform.url(), "/readyz").await.unwrap();
    assert_eq!(status, StatusCode::OK, "{report}");
    assert_eq!(report["parts"]["commands"]["ready"], false);
    let (_process, url) = platform.role("processor").await;
    turns(&url, "/readyz", StatusCode::OK, &[]).await;
    turns(platform.url(), "/readyz/commands", StatusCode::OK, &[]).await;
    platform.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_that_are_gone_bar_their_partition_until_they_are_skipped() {
    let platform = Platform::production_as(BINARY, "gateway,projector").await;
    is_ready(&platform).await;
    for _ in 0..3 {
        accept(&platform, "T-1").await;
    }
    let partition = home("T-1");
    let operator = Operator::of(&platform);
    operator.delete_commands("trades", partition, 2).await;
    let (_process, url) = platform.role("processor,reactor").await;
    let partition_id = format!("trades/{partition}");
    let words = [&*partition_id, "begins at 2", "dealerboard skip"];
    turns(&url, "/readyz", RED, &words).await;

    assert!(skip(&platform, &partition_id, &[]).contains("offsets 0 to 1 would be lost"));
    let done = skip(&platform, &partition_id, AGREED);
    assert!(done.ends_with("skipped\n"), "{done}");
    turns(&url, "/readyz", StatusCode::OK, &["records are deleted"]).await;
    assert_eq!(value(&platform, "/v1/trades/T-1").await["quantity"], "100");
    let verified = platform.command().args(["verify", "--live"]).output();
    let verified = verified.unwrap();
    assert!(verified.status.success(), "{verified:?}");
    platform.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn projection_that_stands_while_everything_answers_turns_the_light_red() {
    let platform = Platform::production_as(BINARY, "all").await;
    is_ready(&platform).await;
    platform.post("demo", "/v1/trades", &booking("T-1")).await;
    let url = &platform.database().unwrap().url;
    statement(url, "ALTER TABLE views.trade_v2 RENAME TO away").await;
    platform.post("demo", "/v1/trades", &booking("T-2")).await;
    let partition = format!("trades/{}", home("T-2"));
    let words = ["projection trade", "in postgres", &partition];
    turns(platform.url(), "/readyz", RED, &words).await;
    statement(url, "ALTER TABLE views.away RENAME TO trade_v2").await;
    turns(platform.url(), "/readyz", StatusCode::OK, &[]).await;
    platform.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn topic_that_grew_turns_the_light_red() {
    let platform = Platform::production_as(BINARY, "all").await;
    is_ready(&platform).await;
    let grown = usize::from(PARTITIONS) + 1;
    Operator::of(&platform).grow_commands("trades", grown).await;
    let words = ["trades-commands", "5 partitions"];
    turns(platform.url(), "/readyz", RED, &words).await;
    platform.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_whose_head_is_gone_are_read_from_the_store() {
    let mut platform = Platform::production_as(BINARY, "all").await;
    is_ready(&platform).await;
    for agent in ["ann", "ben", "cy", "dee"] {
        let session = json!({ "session_id": "S-1", "device": "web", "channels": ["chat"] });
        let path = format!("/v1/agents/{agent}/sessions");
        platform.post("demo", &path, &session).await;
    }
    let operator = Operator::of(&platform);
    let mut deleted = false;
    for partition in 0..PARTITIONS {
        deleted |= operator.delete_events("agents", partition).await;
    }
    assert!(deleted, "there were no events");
    platform.crash().await;
    is_ready(&platform).await;
    let floor = value(&platform, "/v1/floor").await.to_string();
    for agent in ["ann", "ben", "cy", "dee"] {
        assert!(floor.contains(&format!("\"{agent}\"")), "{floor}");
    }
    platform.discard().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn task_that_panics_turns_the_light_red_until_it_gets_on() {
    let platform = Platform::production_as(BINARY, "gateway").await;
    is_ready(&platform).await;
    accept(&platform, "T-1").await;
    let panics = "before-publish=5*panic";
    let (process, url) = platform.armed_role("processor", panics).await;
    let words = [&*format!("publisher trades/{}", home("T-1")), "panicked"];
    turns(&url, "/readyz", RED, &words).await;
    turns(&url, "/readyz", StatusCode::OK, &[]).await;
    assert!(process.log().contains("failpoint before-publish panic"));
    platform.discard().await;
}
