//! Asking until there is an answer.

use std::time::{Duration, Instant};

use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response, StatusCode};

/// Longest time for a gateway that does not answer, or a command that is not handled: a broker's
/// failover and a backlog take less.
const PATIENCE: Duration = Duration::from_secs(300);
/// Pause before the second try; each further one is twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// Longest pause, also when the gateway asks for a longer one.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Sends until there is an answer that would not change by asking again.
pub(super) async fn persist(request: impl Fn() -> RequestBuilder) -> anyhow::Result<Response> {
    let mut patience = Patience::new();
    loop {
        let (after, failure) = match request().send().await {
            Ok(response) if !is_transient(response.status()) => {
                return Ok(response);
            }
            Ok(response) => (
                retry_after(&response),
                anyhow::anyhow!("the gateway answers {}", response.status()),
            ),
            Err(error) => (None, anyhow::Error::new(error).context("ask the gateway")),
        };
        if patience.wait(after).await.is_err() {
            return Err(failure);
        }
    }
}

fn is_transient(status: StatusCode) -> bool {
    status.is_server_error()
        || [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status)
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// Tries of one thing: each waits longer than the last, and their number is bounded.
pub(super) struct Patience {
    until: Instant,
    pause: Duration,
}

/// It took longer than [`PATIENCE`].
#[derive(Debug, thiserror::Error)]
#[error("waited {PATIENCE:?} in vain")]
pub(super) struct OutOfPatience;

impl Patience {
    pub(super) fn new() -> Self {
        Self {
            until: Instant::now() + PATIENCE,
            pause: PAUSE_FIRST,
        }
    }

    pub(super) async fn wait(&mut self, asked: Option<Duration>) -> Result<(), OutOfPatience> {
        if Instant::now() >= self.until {
            return Err(OutOfPatience);
        }
        tokio::time::sleep(asked.unwrap_or(self.pause).min(PAUSE_MAX)).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        Ok(())
    }
}
