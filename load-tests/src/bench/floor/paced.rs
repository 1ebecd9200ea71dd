//! Asking over HTTP at a rate, whatever the answers take, or as fast as the answers come.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::try_join_all;
use tokio::time::{Instant, sleep_until};

use super::super::drain::to_f64;
use super::super::live::Latencies;
use super::super::load::Connection;

/// Connections that ask, each one question after the other.
const CONNECTIONS: u64 = 64;

/// How long a load runs before it counts: connections are made, plans and code compiled.
const WARM_UP_S: u64 = 2;

/// One question, without who asks it.
pub(super) struct Request {
    head: String,
    body: String,
}

impl Request {
    pub(super) fn get(path: String) -> Self {
        Self {
            head: format!("GET {path} HTTP/1.1\r\nhost: bench\r\n"),
            body: String::new(),
        }
    }

    pub(super) fn post(path: String, body: String) -> Self {
        let length = body.len();
        Self {
            head: format!(
                "POST {path} HTTP/1.1\r\nhost: bench\r\nprefer: wait=10\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n"
            ),
            body,
        }
    }

    fn bytes(&self, token: &str) -> Vec<u8> {
        let Self { head, body } = self;
        format!("{head}authorization: Bearer {token}\r\n\r\n{body}").into_bytes()
    }
}

/// Where a load goes, and how long it lasts.
pub(super) struct Load {
    pub(super) address: SocketAddr,
    pub(super) token: String,
    pub(super) seconds: u64,
}

impl Load {
    /// So many questions a second, each at its time; an answer that is late because the one before
    /// was counts from the time its question was due.
    pub(super) async fn paced(
        &self,
        per_second: u64,
        first: u64,
        question: impl Fn(u64) -> Request,
    ) -> anyhow::Result<Latencies> {
        let start = Instant::now() + Duration::from_millis(100);
        let uncounted = per_second * WARM_UP_S;
        let count = uncounted + per_second * self.seconds;
        let asking = (0..CONNECTIONS).map(|connection| {
            let question = &question;
            async move {
                let mut asked = Connection::open(self.address).await?;
                let mut latencies = Vec::new();
                for number in (connection..count).step_by(64) {
                    let due = start + Duration::from_secs_f64(to_f64(number) / to_f64(per_second));
                    let bytes = question(first + number).bytes(&self.token);
                    sleep_until(due).await;
                    answered(&mut asked, &bytes).await?;
                    if number >= uncounted {
                        latencies.push(due.elapsed().as_secs_f64() * 1_000.0);
                    }
                }
                anyhow::Ok(latencies)
            }
        });
        let latencies = try_join_all(asking).await?;
        Ok(Latencies::of(latencies.concat()))
    }

    /// Answers per second when every connection asks again at once.
    pub(super) async fn driven(
        &self,
        first: u64,
        question: impl Fn(u64) -> Request,
    ) -> anyhow::Result<f64> {
        let next = Arc::new(AtomicU64::new(first));
        let start = Instant::now();
        let until = start + Duration::from_secs(self.seconds.div_ceil(2));
        let asking = (0..CONNECTIONS).map(|_| {
            let (question, next) = (&question, Arc::clone(&next));
            async move {
                let mut asked = Connection::open(self.address).await?;
                while Instant::now() < until {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let bytes = question(number).bytes(&self.token);
                    answered(&mut asked, &bytes).await?;
                }
                anyhow::Ok(())
            }
        });
        try_join_all(asking).await?;
        let answers = next.load(Ordering::Relaxed) - first;
        Ok(to_f64(answers) / start.elapsed().as_secs_f64())
    }
}

async fn answered(connection: &mut Connection, question: &[u8]) -> anyhow::Result<()> {
    let status = connection.ask(question).await?;
    let is_yes = matches!(status, b"200" | b"201");
    let status = status.escape_ascii().to_string();
    anyhow::ensure!(
        is_yes,
        "answered {status}: {}",
        connection.body().escape_ascii()
    );
    Ok(())
}
