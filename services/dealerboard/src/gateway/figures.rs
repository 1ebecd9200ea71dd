//! `GET /v1/metrics/…`: what a stretch of time came to, of queues and of agents.

use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use analytics::{AgentId, Ask, Metrics, Scheduled};
use http::auth::Principal;
use http::body::JsonBody;
use http::problem::Problem;
use kernel::code::platform;
use kernel::{Parameters, Tenant, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::Shared;
use super::readings::{age, aged, as_of, no_queue, recalled};
use super::views::{parameters, unanswerable};

/// Spans of one schedule: a month of quarters of an hour.
const SCHEDULE_MAX: usize = 3_000;

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .route("/v1/metrics", web::get().to(metrics))
        .route("/v1/metrics/agents/{agent_id}", web::get().to(agent))
        .route(
            "/v1/metrics/agents/{agent_id}/adherence",
            web::post().to(adherence),
        );
}

/// Every figure of a stretch of time, now or `?as_of=` an instant.
async fn metrics(
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let (tenant, until) = (&principal.tenant, as_of(&request, gateway.now())?);
    let now = until.unwrap_or_else(|| gateway.now());
    let parameters = parameters(&request);
    let report = |metrics: &mut Metrics| {
        let ask = question(metrics, tenant, &parameters, now)?;
        Ok::<_, Problem>(metrics.report(tenant, &ask, now))
    };
    if let Some(until) = until {
        // What is malformed is not worth a recall.
        let malformed = Metrics::default().question(tenant, &parameters, until);
        malformed.map_err(|bad| unanswerable(&bad))?;
        let mut metrics: Metrics = recalled(&gateway, tenant, until).await?;
        return Ok(HttpResponse::Ok().json(report(&mut metrics)?));
    }
    let age = age(&gateway.metrics)?;
    Ok(aged(age, gateway.metrics.ask(report)?))
}

/// What is asked, of a queue that there is.
fn question(
    metrics: &Metrics,
    tenant: &Tenant,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<Ask, Problem> {
    let ask = metrics.question(tenant, parameters, now);
    let ask = ask.map_err(|bad| unanswerable(&bad))?;
    match &ask.queue {
        Some(queue) if !metrics.knows(tenant, queue) => Err(no_queue()),
        _ => Ok(ask),
    }
}

/// An agent's time: the sums, and what they were from when until when.
async fn agent(
    agent: Path<AgentId>,
    request: HttpRequest,
    principal: Principal,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let (tenant, now, agent) = (&principal.tenant, gateway.now(), agent.into_inner());
    let (parameters, metrics) = (parameters(&request), &gateway.metrics);
    let age = age(metrics)?;
    let found = metrics.ask(|metrics| {
        let ask = question(metrics, tenant, &parameters, now)?;
        let figures = metrics.agent_figures(tenant, &agent, &ask, now);
        let presence = metrics.presence(tenant, &agent, ask.from, ask.to, now);
        let found = figures.zip(presence).ok_or_else(no_agent)?;
        Ok::<_, Problem>(json!({ "figures": found.0, "presence": found.1 }))
    });
    Ok(aged(age, found?))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Planned {
    /// What was planned, in spans that do not overlap.
    schedule: Vec<Scheduled>,
}

/// What was done beside what was planned; a question with a body, which changes nothing.
async fn adherence(
    agent: Path<AgentId>,
    request: HttpRequest,
    principal: Principal,
    body: JsonBody,
    gateway: Shared,
) -> Result<HttpResponse, Problem> {
    let planned: Planned = body.parse()?;
    if planned.schedule.len() > SCHEDULE_MAX {
        let detail = format!("a schedule has at most {SCHEDULE_MAX} spans");
        return Err(Problem::new(platform::BODY_MALFORMED, detail));
    }
    let (tenant, now, agent) = (&principal.tenant, gateway.now(), agent.into_inner());
    let (parameters, metrics) = (parameters(&request), &gateway.metrics);
    let age = age(metrics)?;
    let presence = metrics.ask(|metrics| {
        let ask = question(metrics, tenant, &parameters, now)?;
        let presence = metrics.presence(tenant, &agent, ask.from, ask.to, now);
        presence.ok_or_else(no_agent)
    });
    Ok(aged(age, presence?.adherence(&planned.schedule)))
}

fn no_agent() -> Problem {
    Problem::new(platform::NOT_FOUND, "no such agent")
}
