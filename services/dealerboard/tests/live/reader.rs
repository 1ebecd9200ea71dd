//! The other end of a stream.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use testkit::platform::Platform;

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_dealerboard");
/// Until a frame comes that must come.
const WITHIN: Duration = Duration::from_secs(20);
/// How long nothing comes, where nothing may.
const QUIET: Duration = Duration::from_millis(700);

/// One frame, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) event: String,
    pub(crate) data: String,
}

impl Frame {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.data).unwrap()
    }
}

pub(crate) struct Stream {
    answer: Response,
    text: String,
    /// Of the last frame that had one.
    pub(crate) last_id: String,
}

/// The answer to a request for a stream.
pub(crate) async fn ask(platform: &Platform, tenant: &str, query: &str, last_id: &str) -> Response {
    ask_with(platform, &platform.token(tenant), query, last_id).await
}

async fn ask_with(platform: &Platform, token: &str, query: &str, last_id: &str) -> Response {
    let request = Client::new()
        .get(format!("{}/v1/live{query}", platform.url()))
        .bearer_auth(token);
    let request = if last_id.is_empty() {
        request
    } else {
        request.header("last-event-id", last_id)
    };
    request.send().await.expect("the gateway answers")
}

impl Stream {
    pub(crate) async fn open(platform: &Platform, tenant: &str, query: &str) -> Self {
        Self::resume(platform, tenant, query, "").await
    }

    pub(crate) async fn resume(
        platform: &Platform,
        tenant: &str,
        query: &str,
        last_id: &str,
    ) -> Self {
        Self::resume_with(platform, &platform.token(tenant), query, last_id).await
    }

    /// With a token that may do less.
    pub(crate) async fn resume_with(
        platform: &Platform,
        token: &str,
        query: &str,
        last_id: &str,
    ) -> Self {
        // A process that has just begun knows of no moment yet that everybody has seen.
        let answer = testkit::eventually("a stream", WITHIN, async || {
            let answer = ask_with(platform, token, query, last_id).await;
            (answer.status() != StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
        })
        .await;
        assert_eq!(answer.status(), StatusCode::OK);
        let kind = answer.headers()["content-type"].to_str().unwrap();
        assert_eq!(kind, "text/event-stream");
        Self {
            answer,
            text: String::new(),
            last_id: last_id.to_owned(),
        }
    }

    /// The next frame that is no heartbeat; `None` once the stream has ended, or after a while.
    async fn within(&mut self, patience: Duration) -> Option<Frame> {
        // Heartbeats are no reason to be more patient.
        tokio::time::timeout(patience, self.told()).await.ok()?
    }

    async fn told(&mut self) -> Option<Frame> {
        loop {
            if let Some((frame, rest)) = self.text.split_once("\n\n") {
                let frame = frame.to_owned();
                self.text = rest.to_owned();
                let field = |name: &str| {
                    let mut lines = frame.lines();
                    lines.find_map(|line| line.strip_prefix(name).map(str::to_owned))
                };
                self.last_id = field("id: ").unwrap_or_else(|| self.last_id.clone());
                if let Some(event) = field("event: ") {
                    let data = field("data: ").unwrap_or_default();
                    return Some(Frame { event, data });
                }
                continue;
            }
            let chunk = self.answer.chunk().await;
            let chunk = chunk.expect("the stream is well formed")?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    pub(crate) async fn next(&mut self) -> Frame {
        self.within(WITHIN).await.expect("a frame comes")
    }

    /// The next frame of that kind.
    pub(crate) async fn next_of(&mut self, event: &str) -> Frame {
        self.next_where(|frame| frame.event == event).await
    }

    /// The next frame that is looked for.
    pub(crate) async fn next_where(&mut self, is_it: impl FnMut(&Frame) -> bool) -> Frame {
        let found = tokio::time::timeout(WITHIN, self.find(is_it)).await;
        found.expect("the frame comes").expect("the stream goes on")
    }

    async fn find(&mut self, mut is_it: impl FnMut(&Frame) -> bool) -> Option<Frame> {
        loop {
            let frame = self.told().await?;
            if is_it(&frame) {
                return Some(frame);
            }
        }
    }

    pub(crate) async fn is_quiet(&mut self) {
        let came = self.within(QUIET).await;
        assert!(came.is_none(), "{came:?}");
    }

    /// Whether it ends within a time; what comes until then is skipped.
    pub(crate) async fn ends_within(&mut self, patience: Duration) -> bool {
        let end = async { while let Ok(Some(_)) = self.answer.chunk().await {} };
        tokio::time::timeout(patience, end).await.is_ok()
    }

    pub(crate) async fn has_ended(&mut self) {
        let chunk = tokio::time::timeout(WITHIN, self.answer.chunk()).await;
        assert!(matches!(chunk, Ok(Ok(None))), "{chunk:?}");
    }
}

pub(crate) async fn book(platform: &Platform, tenant: &str, trade: &str, account: &str) {
    let body = json!({
        "trade_id": trade, "account": account, "book": "PROP", "instrument": "X", "side": "BUY",
        "quantity": "1000000", "price": "10", "currency": "USD",
        "traded_at": "2026-03-02T15:30:00Z"
    });
    platform.post(tenant, "/v1/trades", &body).await;
}

pub(crate) async fn fill(platform: &Platform, tenant: &str, trade: &str, exec: &str) {
    let body = json!({
        "exec_id": exec, "quantity": "1", "price": "10", "fee": "0",
        "traded_at": "2026-03-02T15:30:00Z"
    });
    let path = format!("/v1/trades/{trade}/fills");
    platform.post(tenant, &path, &body).await;
}
