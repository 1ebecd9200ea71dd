//! What is asked of a running gateway: the same requests as anybody's, by somebody who may.

use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use kernel::port::Ids as _;
use kernel::{Actor, Role, Tenant};
use pipeline::SystemIds;
use reqwest::{Client, Method, RequestBuilder, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::Token;
use crate::cli::token::Limits;
use crate::config::Config;

/// How long the gateway may hold an answer back until the outcome is known.
const PREFER_WAIT: &str = "wait=10";
/// That wait, and as much again.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Which gateway, and who asks.
#[derive(Debug, Args)]
pub(super) struct Caller {
    /// The gateway; the configured bind address when not given.
    #[arg(long)]
    url: Option<Url>,
    /// Access token of somebody who may; one of the managing tenant, signed by the local key, when not given.
    #[arg(long, env = "DEALERBOARD_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Who does it, without a token that names the actor.
    #[arg(long, default_value = "operator", value_parser = Actor::of_caller)]
    by: Actor,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    tenant: Tenant,
    /// What people call it.
    #[arg(long)]
    title: String,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(super) struct Suspend {
    tenant: Tenant,
    /// Why.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    caller: Caller,
}

#[derive(Debug, Args)]
pub(super) struct Resume {
    tenant: Tenant,
    #[command(flatten)]
    caller: Caller,
}

/// A page of the list.
#[derive(Deserialize)]
struct Page {
    items: Vec<Shown>,
    #[serde(default)]
    next: Option<String>,
}

/// A tenant, as far as a line has it.
#[derive(Deserialize)]
struct Shown {
    tenant_id: String,
    state: String,
    title: String,
    reason: Option<String>,
}

/// The members of a problem that a person can act on.
#[derive(Deserialize)]
struct Problem {
    code: String,
    detail: String,
    #[serde(default)]
    fix: Option<String>,
}

impl Create {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let body = json!({"tenant_id": self.tenant, "title": self.title});
        self.caller.command(config, &["tenants"], body).await?;
        crate::cli::print(&format!("{} is served", self.tenant));
        Ok(())
    }
}

impl Suspend {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let path = format!("{}:suspend", self.tenant);
        let body = json!({"reason": self.reason});
        let path = ["tenants", &path];
        self.caller.command(config, &path, body).await?;
        crate::cli::print(&format!("{} is suspended", self.tenant));
        Ok(())
    }
}

impl Resume {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<()> {
        let path = format!("{}:resume", self.tenant);
        let path = ["tenants", &path];
        self.caller.command(config, &path, json!({})).await?;
        crate::cli::print(&format!("{} is served again", self.tenant));
        Ok(())
    }
}

impl Caller {
    pub(super) async fn list(&self, config: &Config) -> anyhow::Result<()> {
        let gateway = self.gateway(config).await?;
        let mut cursor: Option<String> = None;
        loop {
            let mut request = gateway.request(Method::GET, &["tenants"]);
            if let Some(cursor) = &cursor {
                request = request.query(&[("cursor", cursor)]);
            }
            let (_, page) = answer::<Page>(request).await?;
            for shown in &page.items {
                crate::cli::print(&line(shown));
            }
            if page.next.is_none() || telemetry::terminal::reader_left() {
                return Ok(());
            }
            cursor = page.next;
        }
    }

    /// Sends a command and waits for its outcome.
    async fn command(&self, config: &Config, path: &[&str], body: Value) -> anyhow::Result<()> {
        let gateway = self.gateway(config).await?;
        let request = gateway.request(Method::POST, path).json(&body);
        let key = SystemIds.ordered().to_string();
        let request = request.header("idempotency-key", key);
        let (status, answered) = answer::<Value>(request.header("prefer", PREFER_WAIT)).await?;
        anyhow::ensure!(
            status != StatusCode::ACCEPTED,
            "the command {} is in the log and not decided yet; GET /v1/commands/{{id}} will tell",
            answered["command_id"]
        );
        Ok(())
    }

    async fn gateway(&self, config: &Config) -> anyhow::Result<Gateway> {
        let base = match &self.url {
            Some(url) => url.clone(),
            None => format!("http://{}", config.http.bind).parse()?,
        };
        anyhow::ensure!(
            !base.cannot_be_a_base(),
            "{base} is not the url of a server"
        );
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.local_token(config).await?,
        };
        let client = Client::builder().timeout(TIMEOUT).build();
        let client = client.context("prepare the client")?;
        Ok(Gateway {
            client,
            base,
            token,
        })
    }

    async fn local_token(&self, config: &Config) -> anyhow::Result<String> {
        let tenant = config.tenants.manager();
        let tenant = tenant.context("no tenant manages the others: tenants.managed_by is empty")?;
        let token = Token {
            tenant,
            actor: self.by.clone(),
            roles: vec![Role::new("admin")?],
            limits: Limits::default(),
            hours: 1,
        };
        token.issue_local(config).await
    }
}

/// A running gateway, and who talks to it.
struct Gateway {
    client: Client,
    base: Url,
    token: String,
}

impl Gateway {
    fn request(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        self.client.request(method, url).bearer_auth(&self.token)
    }
}

/// What a request is answered with, or the problem in a sentence.
async fn answer<T: serde::de::DeserializeOwned>(
    request: RequestBuilder,
) -> anyhow::Result<(StatusCode, T)> {
    let response = request.send().await.context("ask the gateway")?;
    let status = response.status();
    let body = response.bytes().await.context("read the answer")?;
    if status.is_success() {
        let answered = serde_json::from_slice(&body).context("read the answer")?;
        return Ok((status, answered));
    }
    let Ok(problem) = serde_json::from_slice::<Problem>(&body) else {
        anyhow::bail!("the gateway answers {status}");
    };
    let fix = problem.fix.map(|fix| format!("; {fix}"));
    let fix = fix.unwrap_or_default();
    anyhow::bail!("{}: {}{fix}", problem.code, problem.detail)
}

fn line(shown: &Shown) -> String {
    let reason = shown.reason.as_ref().map(|reason| format!(": {reason}"));
    let (tenant, state, title) = (&shown.tenant_id, &shown.state, &shown.title);
    format!(
        "{tenant:<24} {state:<10} {title}{}",
        reason.unwrap_or_default()
    )
}
