//! What a stopping process does for its waiting callers.

use std::process::Command;
use std::time::Duration;

use reqwest::StatusCode;
use testkit::platform::Platform;

use crate::site::{BINARY, booking, is_ready};

/// Commands under way at the stop signal.
const UNDER_WAY: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn commands_under_way_are_answered_before_their_processor_stops() {
    let platform = Platform::embedded(BINARY).await;
    is_ready(&platform).await;
    let token = platform.token("demo");
    let mut sent = tokio::task::JoinSet::new();
    for trade in 0..UNDER_WAY {
        let request = platform.request(&token, "/v1/trades", &booking(&format!("T-{trade}")));
        sent.spawn(async move { request.send().await.map(|answer| answer.status()) });
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let pid = platform.id().to_string();
    Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    let mut answered = 0;
    while let Some(sent) = sent.join_next().await {
        match sent.unwrap() {
            Ok(status) => {
                assert_eq!(status, StatusCode::CREATED);
                answered += 1;
            }
            // Never accepted: the door was closed before it came.
            Err(error) => assert!(error.is_connect(), "{error:?}"),
        }
    }
    assert!(answered > 0, "none was under way");
}
