//! The gateway as its client sees it: one answer per command, whatever it takes to get it.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use kernel::CommandId;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use serde::Deserialize;

/// Longest time for a gateway that does not answer, or a command that is not handled: a broker's
/// failover and a backlog take less.
const PATIENCE: Duration = Duration::from_secs(300);
/// Pause before the second try; each further one is twice as long.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// Longest pause, also when the gateway asks for a longer one.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How long the gateway may hold an answer back until the outcome is known.
const PREFER_WAIT: &str = "wait=10";
/// That wait, and as much again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// A running gateway, and who talks to it.
pub(super) struct Api {
    client: Client,
    base: Url,
}

/// A command to be sent as often as it takes.
pub(super) struct Command<'a> {
    pub(super) path: &'a [&'a str],
    /// Its idempotency key.
    pub(super) key: String,
    pub(super) body: Vec<u8>,
}

/// An accepted command.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) events: u32,
    /// Token of its last event; none when it changed nothing.
    pub(super) position: Option<String>,
    /// The key had been used before we sent it.
    pub(super) repeated: bool,
}

/// A rejection's reason, for people.
pub(super) type Answered = Result<Answer, String>;

/// What the gateway tells of a command.
#[derive(Deserialize)]
struct Told {
    command_id: CommandId,
    status: Status,
    #[serde(default)]
    events: u32,
    #[serde(default)]
    position: Option<String>,
    #[serde(default)]
    code: String,
    #[serde(default)]
    detail: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Pending,
    Accepted,
    Rejected,
    /// Kept for an operator, who may have ended it without another try.
    Parked,
    Discarded,
}

/// The members of a problem that tell what to mend.
#[derive(Deserialize)]
struct Problem {
    code: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    errors: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    pointer: String,
    detail: String,
}

impl Api {
    pub(super) fn new(url: &str, token: &str) -> anyhow::Result<Self> {
        let base: Url = url.parse().with_context(|| format!("read the url {url}"))?;
        anyhow::ensure!(!base.cannot_be_a_base(), "{url} is not the url of a server");
        let mut headers = HeaderMap::new();
        let bearer = format!("Bearer {token}");
        let mut bearer = HeaderValue::from_str(&bearer).context("read the token")?;
        bearer.set_sensitive(true);
        headers.insert("authorization", bearer);
        headers.insert("prefer", HeaderValue::from_static(PREFER_WAIT));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let client = Client::builder()
            .default_headers(headers)
            .timeout(REQUEST_TIMEOUT)
            .build()
            .context("prepare the client")?;
        Ok(Self { client, base })
    }

    /// Sends a command until its outcome is known.
    pub(super) async fn command(&self, command: Command<'_>) -> anyhow::Result<Answered> {
        let url = self.url(command.path);
        let body = bytes::Bytes::from(command.body);
        let request = || {
            self.client
                .post(url.clone())
                .header("idempotency-key", &command.key)
                .body(bytes::Bytes::clone(&body))
        };
        let (tries, response) = persist(request).await?;
        // Of a second try nobody knows whether the first had come through.
        let repeated = tries == 1 && response.headers().contains_key("idempotency-replayed");
        match response.status() {
            StatusCode::OK | StatusCode::CREATED => {
                let told: Told = response.json().await.context("read the answer")?;
                Ok(answered(told).map(|answer| Answer { repeated, ..answer }))
            }
            StatusCode::ACCEPTED => {
                let told: Told = response.json().await.context("read the answer")?;
                self.outcome(told.command_id).await
            }
            _ => refused(response).await.map(Err),
        }
    }

    /// Asks for the outcome of a command until it has one.
    pub(super) async fn outcome(&self, command: CommandId) -> anyhow::Result<Answered> {
        let url = self.url(&["v1", "commands", &command.to_string()]);
        let mut patience = Patience::new();
        loop {
            let (_, response) = persist(|| self.client.get(url.clone())).await?;
            match response.status() {
                StatusCode::OK => {
                    let told: Told = response.json().await.context("read the answer")?;
                    if told.status != Status::Pending {
                        return Ok(answered(told));
                    }
                }
                // Not handled yet, and not accepted by this gateway.
                StatusCode::NOT_FOUND => {}
                _ => anyhow::bail!("ask for command {command}: {}", refused(response).await?),
            }
            patience
                .wait(None)
                .await
                .with_context(|| format!("command {command} was not handled"))?;
        }
    }

    /// Returns when a position shows the events up to a token.
    pub(super) async fn shown(&self, key: &[String], token: &str) -> anyhow::Result<()> {
        let mut path = vec!["v1", "positions"];
        path.extend(key.iter().map(String::as_str));
        let url = self.url(&path);
        let request = || self.client.get(url.clone()).header("min-position", token);
        let (_, response) = persist(request).await?;
        if response.status() == StatusCode::OK {
            return Ok(());
        }
        anyhow::bail!(
            "read position {}: {}",
            key.join("/"),
            refused(response).await?
        )
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("the constructor refused a url that has no path")
            .pop_if_empty()
            .extend(path);
        url
    }
}

fn answered(told: Told) -> Answered {
    match told.status {
        Status::Rejected => Err(format!("{}: {}", told.code, told.detail)),
        Status::Parked | Status::Discarded => Err(format!("parked: {}", told.detail)),
        Status::Accepted | Status::Pending => Ok(Answer {
            events: told.events,
            position: told.position,
            repeated: false,
        }),
    }
}

/// The reason of a refusal that is about the request; an error when no request would be taken.
async fn refused(response: Response) -> anyhow::Result<String> {
    let status = response.status();
    let body = response.bytes().await.context("read the answer")?;
    let reason = serde_json::from_slice(&body).map_or_else(|_| status.to_string(), told);
    let hopeless = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
    anyhow::ensure!(
        !hopeless,
        "the gateway does not take who we say we are: {reason}"
    );
    Ok(reason)
}

fn told(problem: Problem) -> String {
    let mut text = format!("{}: {}", problem.code, problem.detail);
    for place in problem.errors {
        text.push_str(&format!("; {} {}", place.pointer, place.detail));
    }
    text
}

/// Sends until there is an answer that would not change by asking again; says how often it took.
async fn persist(request: impl Fn() -> RequestBuilder) -> anyhow::Result<(u32, Response)> {
    let mut patience = Patience::new();
    loop {
        let (after, failure) = match request().send().await {
            Ok(response) if !is_transient(response.status()) => {
                return Ok((patience.tries, response));
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

/// Tries of one thing, ever further apart, and not for ever.
struct Patience {
    until: Instant,
    pause: Duration,
    tries: u32,
}

/// It took longer than [`PATIENCE`].
#[derive(Debug, thiserror::Error)]
#[error("waited {PATIENCE:?} in vain")]
struct OutOfPatience;

impl Patience {
    fn new() -> Self {
        Self {
            until: Instant::now() + PATIENCE,
            pause: PAUSE_FIRST,
            tries: 1,
        }
    }

    async fn wait(&mut self, asked: Option<Duration>) -> Result<(), OutOfPatience> {
        if Instant::now() >= self.until {
            return Err(OutOfPatience);
        }
        tokio::time::sleep(asked.unwrap_or(self.pause).min(PAUSE_MAX)).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        self.tries += 1;
        Ok(())
    }
}
