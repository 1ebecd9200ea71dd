//! The gateway as its client sees it: one answer per command, whatever it takes to get it.

use std::str::FromStr as _;
use std::time::Duration;

use anyhow::Context as _;
use kernel::port::Ids as _;
use kernel::{CommandId, LogPosition};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use trades::TradeId;

use super::persist::{Patience, persist};
use super::shown::{PositionShown, TradeShown};
use pipeline::SystemIds;

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
    pub(super) body: Vec<u8>,
}

/// An accepted command.
#[derive(Debug)]
pub(super) struct Answer {
    /// Number of events; 0 for a repeat.
    pub(super) events: u32,
    /// Behind the last event that it knows of.
    pub(super) log_position: Option<LogPosition>,
}

/// A rejection's reason, for people.
pub(super) type Answered = Result<Answer, String>;

/// The gateway's answer about a command.
#[derive(Deserialize)]
struct Reply {
    command_id: CommandId,
    status: Status,
    #[serde(default)]
    events: u32,
    #[serde(default)]
    log_position: Option<String>,
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

    /// Sends a command until its outcome is known. Its key is of this try alone: the ids in a
    /// command show what an earlier run sent, and no other client can guess a key and send it
    /// first.
    pub(super) async fn command(&self, command: Command<'_>) -> anyhow::Result<Answered> {
        let url = self.url(command.path);
        let key = SystemIds.ordered().to_string();
        let body = bytes::Bytes::from(command.body);
        let request = || {
            self.client
                .post(url.clone())
                .header("idempotency-key", &key)
                .body(bytes::Bytes::clone(&body))
        };
        let response = persist(request).await?;
        match response.status() {
            StatusCode::OK | StatusCode::CREATED => {
                let reply: Reply = response.json().await.context("read the answer")?;
                answered(reply)
            }
            StatusCode::ACCEPTED => {
                let reply: Reply = response.json().await.context("read the answer")?;
                self.outcome(reply.command_id).await
            }
            _ => refused(response).await.map(Err),
        }
    }

    /// Asks for the outcome of a command until it has one.
    async fn outcome(&self, command: CommandId) -> anyhow::Result<Answered> {
        let url = self.url(&["v1", "commands", &command.to_string()]);
        let mut patience = Patience::new();
        loop {
            let response = persist(|| self.client.get(url.clone())).await?;
            match response.status() {
                StatusCode::OK => {
                    let reply: Reply = response.json().await.context("read the answer")?;
                    if reply.status != Status::Pending {
                        return answered(reply);
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

    /// A position, once it shows the events up to a token; and the place of what is shown.
    pub(super) async fn position(
        &self,
        key: &[String; 3],
        token: &LogPosition,
    ) -> anyhow::Result<(PositionShown, LogPosition)> {
        let [account, book, instrument] = key;
        let path = ["v1", "positions", account, book, instrument];
        let response = self.shown(&path, token).await?;
        let place = response.headers().get("x-log-position");
        let place = place
            .and_then(|place| place.to_str().ok())
            .unwrap_or_default();
        let place = place.parse().context("read where the position stands")?;
        Ok((response.json().await.context("read the answer")?, place))
    }

    /// A trade, once it shows the events up to a token, its own or its position's.
    pub(super) async fn trade(
        &self,
        id: &TradeId,
        token: &LogPosition,
    ) -> anyhow::Result<TradeShown> {
        let response = self.shown(&["v1", "trades", id.as_str()], token).await?;
        response.json().await.context("read the answer")
    }

    async fn shown(&self, path: &[&str], token: &LogPosition) -> anyhow::Result<Response> {
        let url = self.url(path);
        let request = || {
            let request = self.client.get(url.clone());
            request.header("min-log-position", token.to_string())
        };
        let response = persist(request).await?;
        if response.status() == StatusCode::OK {
            return Ok(response);
        }
        anyhow::bail!("read {}: {}", path.join("/"), refused(response).await?)
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

fn answered(reply: Reply) -> anyhow::Result<Answered> {
    Ok(match reply.status {
        Status::Rejected => Err(format!("{}: {}", reply.code, reply.detail)),
        Status::Parked | Status::Discarded => Err(format!("parked: {}", reply.detail)),
        Status::Accepted | Status::Pending => {
            let log_position = reply.log_position.as_deref().map(LogPosition::from_str);
            Ok(Answer {
                events: reply.events,
                log_position: log_position.transpose().context("read the answer")?,
            })
        }
    })
}

/// The reason of a refusal that is about the request; an error when no request would be taken.
async fn refused(response: Response) -> anyhow::Result<String> {
    let status = response.status();
    let body = response.bytes().await.context("read the answer")?;
    let reason = serde_json::from_slice(&body).map_or_else(|_| status.to_string(), sentence);
    let hopeless = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
    anyhow::ensure!(!hopeless, "the gateway refuses the caller: {reason}");
    Ok(reason)
}

fn sentence(problem: Problem) -> String {
    let mut text = format!("{}: {}", problem.code, problem.detail);
    for place in problem.errors {
        text.push_str(&format!("; {} {}", place.pointer, place.detail));
    }
    text
}
